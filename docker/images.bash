# What every run with Docker shares: words, exit codes, is Docker there, and the images. Sourced; the caller says in
# `called` what it is.

# Exit codes.
readonly failed=1 broken=2 left_out=3

readonly docker_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Longer than any daemon that works takes to say who it is.
readonly docker_secs=20

# say TEXT: tells it, with the seconds since the start.
say() { printf '%s: %3d s  %s\n' "$called" "$SECONDS" "$*" >&2; }

# usage_error TEXT
usage_error() {
    say "$1 (see --help)"
    exit $broken
}

if_available=
# leave_out WHY
leave_out() {
    say "LEFT OUT: $1"
    [[ $if_available ]] && exit 0
    exit $left_out
}

# no_docker: succeeds, and says what is missing, where there is no Docker.
no_docker() {
    local told status=0
    if ! command -v docker > /dev/null; then
        echo "there is no docker command"
        return
    fi
    told=$(within $docker_secs docker version 2>&1 > /dev/null) || status=$?
    case $status in
        0) return 1 ;;
        124) echo "the Docker daemon does not answer within $docker_secs s" ;;
        *) echo "the Docker daemon does not answer: ${told##*$'\n'}" ;;
    esac
}

# unavailable SUITE: succeeds, and says what is missing, where no image of this suite can be made.
unavailable() {
    no_docker && return
    base_image "$1" > /dev/null && return 1
    echo "debian:$1-slim is not here, no registry has it, and it cannot be made from Debian's packages: that needs root, apt-get and the network"
}

# within SECONDS COMMAND...: coreutils' timeout, where it is.
within() {
    if command -v timeout > /dev/null; then
        timeout "$@"
    else
        "${@:2}"
    fi
}

# lock_file NAME: its path. It is opened to be read alone: another user may have made it, and the system lets nobody
# write to that one's files in /tmp.
lock_file() {
    local file=/tmp/stickler-$1.lock
    [[ -e $file ]] || (umask 022 && : >> "$file")
    echo "$file"
}

# alone SUITE: waits until no other run makes an image of this suite, whose result this one can take; until `exec 7>&-`.
alone() {
    command -v flock > /dev/null || return 0
    exec 7< "$(lock_file "images-$1")"
    flock 7
}

# base_image SUITE: finds Debian's base image, pulls it, or makes it.
base_image() {
    local status=0
    alone "$1"
    find_base_image "$1" || status=$?
    exec 7>&-
    return $status
}

find_base_image() {
    local base=debian:$1-slim log
    docker image inspect "$base" > /dev/null 2>&1 && return
    say "pulling $base"
    within 120 docker pull --quiet "$base" > /dev/null 2>&1 && return
    say "no registry has it: making $base from Debian's packages"
    [[ $EUID == 0 ]] && command -v apt-get > /dev/null || return
    log=$("$docker_folder/base-image" "$1" "$base" "$label" 2>&1) && return
    printf '%s\n' "$log" | tail -20 >&2
    return 1
}

# What apt says where it finds no way to its packages.
readonly no_way_to_packages='Temporary failure resolving|Could not resolve|Could not connect to|Unable to connect to|[Cc]onnection timed out|Connection failed|Network is unreachable|No route to host'

# build_image DOCKERFILE TARGET TAG [OPTION...]: the classic builder's cache makes this a matter of seconds when nothing
# has changed.
build_image() {
    local dockerfile=$1 target=$2 tag=$3 suite=bookworm log
    shift 3
    [[ "$*" =~ SUITE=([a-z]+) ]] && suite=${BASH_REMATCH[1]}
    alone "$suite"
    say "building $tag (the first time takes some minutes)"
    if ! log=$(docker build --force-rm --label "$label=image" --target "$target" --tag "$tag" "$@" - < "$dockerfile" 2>&1); then
        printf '%s\n' "$log" | tail -40 >&2
        if grep -qE "$no_way_to_packages" <<< "$log"; then
            leave_out "packages cannot be reached, and the image $tag needs them"
        fi
        say "the image $tag could not be built"
        exit $broken
    fi
    exec 7>&-
}

# forget_old_images: those of earlier builds of ours, now without a name.
forget_old_images() {
    docker image ls --quiet --filter dangling=true --filter "label=$label=image" \
        | xargs --no-run-if-empty docker image rm > /dev/null 2>&1 || true
}

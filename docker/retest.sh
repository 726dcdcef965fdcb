#!/bin/bash
# Replays a scenario in containers, through real mail servers: see `docker/retest.sh --help`.
set -euo pipefail

readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly label=dev.stickler.lab
# Exit codes.
readonly failed=1 broken=2 left_out=3
. "$here/images.bash"

# Each sender: its name, what it is to know, where its adapter listens, Debian's suite, the image's target.
readonly senders=(
    "postfix-3.7 strict 198.51.100.101 bookworm postfix"
    "postfix-3.10 strict 198.51.100.102 trixie postfix"
    "exim-4.98 strict 198.51.100.103 trixie exim"
    "postfix-plain lenient 198.51.100.104 bookworm postfix"
)
readonly servers=(dns policy-a policy-b mx-old mx-new mx-backup)
# As compose.yaml has them.
readonly places=(--dns 198.51.100.53 --edge 198.51.100.11,198.51.100.12 --mx 198.51.100.21,198.51.100.22,198.51.100.23)
readonly adapter_port=8026
# How long a mail server may take to start.
readonly start_secs=30

usage() {
    cat <<END
Replays a scenario in containers: old and new MX, policy host and resolver, each with an address and
ports of its own, and real mail servers that send through them. Prints a table of what became of
their mail, step by step, and takes everything down.

Usage: docker/retest.sh [OPTION...] [SCENARIO] [SENDER...]

  SCENARIO         a file [default: scenarios/migration/stale-policy-after-cutover.toml]
  SENDER           one of those below [default: all]; stickler's own sender always plays

  --stickler PATH  the program [default: build one, release and static]
  --factor N       divide all times by this [default: 3600]
  --into FOLDER    write table, JSON, JUnit and logs there [default: target/retest]
  --sabotage       put a sidecar that knows no policy beside the senders: exit 0 if each is found out
  --keep           leave everything running
  --if-available   exit 0, not 3, where Docker or the base images are not to be had
  -h, --help       this text

Senders: $(printf '%s\n' "${senders[@]}" | cut -d' ' -f1 | xargs)

Exit codes: 0 all is as the scenario expects, 1 something is not, 2 wrong usage, a broken scenario or
programs that do not start, 3 left out: no Docker, no docker-compose, no packages.
END
}

# say TEXT: tells it, with the seconds since the start.
say() { printf 'retest: %3d s  %s\n' "$SECONDS" "$*" >&2; }

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

main() {
    local scenario= stickler= factor=3600 sabotage= keep= names=()
    folder=$here/../target/retest
    while (($#)); do
        case $1 in
            --stickler | --factor | --into)
                (($# > 1)) || usage_error "$1 needs a value"
                case $1 in
                    --stickler) stickler=$2 ;;
                    --factor) factor=$2 ;;
                    --into) folder=$2 ;;
                esac
                shift
                ;;
            --sabotage) sabotage=yes ;;
            --keep) keep=yes ;;
            --if-available) if_available=yes ;;
            -h | --help)
                usage
                exit
                ;;
            -*) usage_error "unknown option: $1" ;;
            *.toml) scenario=$1 ;;
            *) names+=("$1") ;;
        esac
        shift
    done
    scenario=${scenario:-$here/../scenarios/migration/stale-policy-after-cutover.toml}
    [[ -r $scenario ]] || usage_error "there is no scenario at $scenario"
    choose ${names[@]+"${names[@]}"}
    build_images "$stickler"

    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    rm -rf "$folder"/{retest.txt,retest.json,retest.xml,logs,ca.pem}
    mkdir -p "$folder/logs"
    # One at a time: their networks have the same addresses.
    exec 9> /tmp/stickler-retest.lock
    flock 9
    for name in "${chosen[@]}"; do
        # The sockets of a sidecar, which is not the user who runs this.
        rm -rf "${folder:?}/${name%% *}" && mkdir -m 777 "$folder/${name%% *}"
    done
    export LAB_SABOTAGE=$sabotage LAB_IMAGE=stickler:lab LAB_OUT=$folder LAB_USER=$(id -u):$(id -g)
    LAB_STORY=$(realpath "$scenario")
    export LAB_STORY
    [[ $keep ]] || trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start "$sabotage"
    play "$factor"
}

chosen=()
# choose NAME...: takes these senders, all if none is named.
choose() {
    local name row
    for name in "$@"; do
        [[ " ${senders[*]} " == *" $name "* || ${senders[0]} == "$name "* ]] || usage_error "there is no sender \`$name\`"
    done
    for row in "${senders[@]}"; do
        if ((!$#)) || [[ " $* " == *" ${row%% *} "* ]]; then chosen+=("$row"); fi
    done
}

# build_images STICKLER: what is missing.
build_images() {
    local missing row name kind address suite target
    if command -v docker-compose > /dev/null; then
        compose=(docker-compose)
    elif docker compose version > /dev/null 2>&1; then
        compose=(docker compose)
    else
        leave_out "there is neither docker-compose nor docker compose"
    fi
    missing=$(no_docker) && leave_out "$missing"
    for row in "${chosen[@]}"; do
        read -r name kind address suite target <<< "$row"
        missing=$(unavailable "$suite") && leave_out "$missing"
        [[ $name == postfix-plain ]] && name=postfix-3.7
        build_image "$here/senders/Dockerfile" "$target" "stickler-senders:$name" --build-arg "SUITE=$suite"
    done
    local options=(--tag stickler:lab)
    if [[ $1 ]]; then
        options+=(--stickler "$1")
        # A program with libraries needs a base that has them; where the linker is named, it is not static.
        if grep -q --binary-files=text 'ld-linux' "$1"; then
            missing=$(unavailable bookworm) && leave_out "$missing"
            options+=(--base debian:bookworm-slim)
        fi
    fi
    "$here/image" "${options[@]}" || exit $broken
}

# container SERVICE: the name of its container.
container() {
    docker ps --all --format '{{.Names}}' --filter label=com.docker.compose.project=stickler-lab \
        --filter "label=com.docker.compose.service=$1"
}

compose() { "${compose[@]}" --project-name stickler-lab --file "$here/compose.yaml" "$@"; }

# driver VERB ARGUMENT...: stickler lab, inside the lab.
driver() { compose run --rm -T driver lab "$1" "${places[@]}" "${@:2}" 2> >(grep --line-buffered -v '^Creating ' >&2); }

# start SABOTAGE: the servers, then what trusts them.
start() {
    local row name kind address suite target services=() until
    # What a run that was killed has left.
    compose down --volumes --timeout 2 > /dev/null 2>&1 || true
    say "starting the servers"
    compose up --detach "${servers[@]}" > "$folder/logs/compose" 2>&1 || broken_start
    apply_first || broken_start
    for row in "${chosen[@]}"; do
        read -r name kind address suite target <<< "$row"
        services+=("$name")
        [[ $kind == lenient || $1 ]] || services+=("$name-sidecar")
    done
    say "starting the senders"
    compose up --detach "${services[@]}" >> "$folder/logs/compose" 2>&1 || broken_start
    until=$((SECONDS + start_secs))
    for row in "${chosen[@]}"; do
        name=${row%% *}
        until docker logs "$(container "$name")" 2>&1 | grep -q "is ready"; do
            if ((SECONDS > until)); then
                docker logs "$(container "$name")" 2>&1 | tail -20 >&2
                say "$name does not start"
                exit $broken
            fi
            sleep 0.3
        done
    done
}

# apply_first: lets the servers serve the first step, and takes their roots; they may need a moment to listen.
apply_first() {
    local try
    for try in 1 2 3 4 5; do
        driver apply /story.toml --write-roots /out/ca.pem > "$folder/logs/apply" 2>&1 && return
        sleep 1
    done
    cat "$folder/logs/apply" >&2
    return 1
}

broken_start() {
    tail -20 "$folder/logs/compose" >&2
    say "the lab does not start"
    exit $broken
}

# play FACTOR
play() {
    local row name kind address suite target mtas=() status=0
    for row in "${chosen[@]}"; do
        read -r name kind address suite target <<< "$row"
        mtas+=("--$kind" "$name=$address:$adapter_port")
    done
    say "playing, $1 times as fast as the scenario"
    driver play /story.toml --factor "$1" --into /out "${mtas[@]}" || status=$?
    say "table, JSON, JUnit and logs: $folder"
    if [[ $LAB_SABOTAGE ]]; then
        ((status == failed)) || exit $broken
        status=0
        all_red || status=$?
    fi
    exit $status
}

# all_red: succeeds where each sender with a sidecar that knows no policy was found out.
all_red() {
    local row name kind rest status=0
    for row in "${chosen[@]}"; do
        read -r name kind rest <<< "$row"
        if [[ $kind == strict ]] && ! grep -q "^ *RED $name," "$folder/retest.txt"; then
            say "UNNOTICED: $name, whose sidecar knows no policy"
            status=$failed
        fi
    done
    ((status)) || say "every sender whose sidecar knows no policy is red, as it must be"
    return $status
}

# finish: keeps what containers said, and removes them.
finish() {
    local name
    trap '' INT TERM
    for name in $(docker ps --all --format '{{.Names}}' --filter label=com.docker.compose.project=stickler-lab); do
        docker logs "$name" > "$folder/logs/$name" 2>&1 || true
    done
    compose down --volumes --timeout 2 > /dev/null 2>&1 || say "not all containers could be removed"
}

main "$@"

# What every run of the lab shares: senders, images, start and end. Sourced after images.bash; the caller has `here`, `say`,
# `usage_error`, `leave_out` and the exit codes, and sets `folder`, where logs go.

# Each sender: its name, what it is to know, where its adapter listens, Debian's suite, the target in
# docker/senders/Dockerfile.
readonly senders=(
    "postfix-3.7 strict 198.51.100.101 bookworm postfix"
    "postfix-3.10 strict 198.51.100.102 trixie postfix"
    "exim-4.98 strict 198.51.100.103 trixie exim"
    "postfix-mta-sts-resolver strict 198.51.100.105 bookworm postfix"
    "postfix-plain lenient 198.51.100.104 bookworm postfix"
)
readonly servers=(dns policy-a policy-b mx-old mx-new mx-backup)
# As compose.yaml has them.
readonly places=(--dns 198.51.100.53 --edge 198.51.100.11,198.51.100.12 --mx 198.51.100.21,198.51.100.22,198.51.100.23)
readonly adapter_port=8026
# How long a mail server may take to start.
readonly start_secs=30

chosen=()
# choose NAME...: takes these senders, all if none is named.
choose() {
    local name row
    for name in "$@"; do
        printf '%s\n' "${senders[@]}" | grep -q "^$name " || usage_error "there is no sender \`$name\`"
    done
    for row in "${senders[@]}"; do
        if ((!$#)) || [[ " $* " == *" ${row%% *} "* ]]; then chosen+=("$row"); fi
    done
}

# build_images STICKLER: what is missing. The program and the images of each suite are built at once: the one takes the
# processor, the others wait for the network.
build_images() {
    local missing suite job result status=0
    if command -v docker-compose > /dev/null; then
        compose=(docker-compose)
    elif docker compose version > /dev/null 2>&1; then
        compose=(docker compose)
    else
        leave_out "there is neither docker-compose nor docker compose"
    fi
    missing=$(no_docker) && leave_out "$missing"
    trap 'end_jobs; exit 130' INT
    trap 'end_jobs; exit 143' TERM
    # A process group each, so that an interrupt ends what they have started too.
    set -m
    for suite in $(printf '%s\n' "${chosen[@]}" | cut -d' ' -f4 | sort -u); do
        suite_images "$suite" &
        jobs+=($!)
    done
    if [[ ! $1 ]]; then
        "$here/image" --tag stickler:lab &
        jobs+=($!)
    fi
    set +m
    for job in "${jobs[@]}"; do
        result=0
        wait "$job" || result=$?
        if ((result && !status)); then
            status=$result
            end_jobs
        fi
    done
    jobs=()
    trap - INT TERM
    # It has said why.
    ((status != left_out)) || [[ ! $if_available ]] || exit 0
    ((status == left_out)) && exit $left_out
    ((status)) && exit $broken
    [[ ! $1 ]] || given_program "$1"
}

jobs=()
# end_jobs: ends what is being built.
end_jobs() {
    local job
    for job in "${jobs[@]}"; do
        kill -- "-$job" 2> /dev/null || true
    done
}

# suite_images SUITE: the images of the chosen senders of one suite.
suite_images() {
    local missing row name kind address suite target image built=
    # The caller that waits for this decides what becomes of it.
    if_available=
    missing=$(unavailable "$1") && leave_out "$missing"
    for row in "${chosen[@]}"; do
        read -r name kind address suite target <<< "$row"
        [[ $suite == "$1" ]] || continue
        case $name in
            postfix-plain | postfix-mta-sts-resolver) image=postfix-3.7 ;;
            *) image=$name ;;
        esac
        if [[ " $built " != *" $image "* ]]; then
            build_image "$here/senders/Dockerfile" "$target" "stickler-senders:$image" --build-arg "SUITE=$suite"
            built+=" $image"
        fi
        [[ $name != postfix-mta-sts-resolver ]] || build_image "$here/lab/Dockerfile" "$name" "stickler-lab:$name"
    done
}

# given_program PATH: the image of a program that is built already.
given_program() {
    local missing options=(--tag stickler:lab --stickler "$1")
    # A program with libraries needs a base that has them: the header of its file names the one that loads them. Further
    # on a static one names it too.
    if head -c 4096 "$1" | grep -q --binary-files=text 'ld-linux'; then
        missing=$(unavailable bookworm) && leave_out "$missing"
        options+=(--base debian:bookworm-slim)
    fi
    "$here/image" "${options[@]}" || exit $broken
}

# container SERVICE: the name of its container.
container() {
    docker ps --all --format '{{.Names}}' --filter label=com.docker.compose.project=stickler-lab \
        --filter "label=com.docker.compose.service=$1"
}

# What a run adds to compose.yaml: files and services.
more_files=() more_services=()

compose() {
    "${compose[@]}" --project-name stickler-lab --file "$here/compose.yaml" ${more_files[@]+"${more_files[@]}"} "$@"
}

# driver VERB ARGUMENT...: stickler lab, inside the lab.
driver() { compose run --rm -T driver lab "$1" "${places[@]}" "${@:2}" 2> >(grep --line-buffered -v '^Creating ' >&2); }

# has_sidecar SENDER: whether stickler stands beside it; one has its own.
has_sidecar() { [[ $1 == *" strict "* && $1 != postfix-mta-sts-resolver\ * ]]; }

# prepare_folder FOLDER SCENARIO SABOTAGE: makes the folder of a run, waits for other runs, and tells compose.yaml of it;
# what is wrong on purpose stands in adapter.py.
prepare_folder() {
    local row
    mkdir -p "$1"
    folder=$(cd "$1" && pwd)
    rm -rf "$folder"/{retest.txt,retest.json,retest.xml,logs,ca.pem}
    mkdir -p "$folder/logs"
    # One at a time: their networks have the same addresses.
    exec 9< "$(lock_file retest)"
    flock 9
    for row in "${chosen[@]}"; do
        # The sockets of a sidecar, which is not the user who runs this.
        rm -rf "${folder:?}/${row%% *}" && mkdir -m 777 "$folder/${row%% *}"
    done
    LAB_STORY=$(realpath "$2")
    export LAB_STORY LAB_SABOTAGE=$3 LAB_IMAGE=stickler:lab LAB_OUT=$folder LAB_USER=$(id -u):$(id -g)
}

# start: the servers, then what trusts them.
start() {
    local row name kind address suite target services=() until
    # What a run that was killed has left.
    compose down --volumes --timeout 2 > /dev/null 2>&1 || true
    say "starting the servers"
    compose up --detach "${servers[@]}" ${more_services[@]+"${more_services[@]}"} > "$folder/logs/compose" 2>&1 || broken_start
    apply_first || broken_start
    for row in "${chosen[@]}"; do
        read -r name kind address suite target <<< "$row"
        services+=("$name")
        has_sidecar "$row" && [[ $LAB_SABOTAGE != notfound ]] && services+=("$name-sidecar")
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

# finish: keeps what containers said, and removes them.
finish() {
    local name
    trap '' INT TERM
    for name in $(docker ps --all --format '{{.Names}}' --filter label=com.docker.compose.project=stickler-lab); do
        docker logs "$name" > "$folder/logs/$name" 2>&1 || true
    done
    compose down --volumes --timeout 2 > /dev/null 2>&1 || say "not all containers could be removed"
}

#!/bin/bash
# Replays a scenario in containers, through real mail servers: see `docker/retest.sh --help`.
set -euo pipefail

readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly label=dev.stickler.lab
readonly called=retest
. "$here/images.bash"
. "$here/lab/common.bash"

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
            --sabotage) sabotage=notfound ;;
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

    prepare_folder "$folder" "$scenario" "$sabotage"
    [[ $keep ]] || trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start
    play "$factor"
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

main "$@"

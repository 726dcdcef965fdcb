#!/bin/bash
# Breaks parts of the lab while mail is under way: see `docker/faults.sh --help`.
set -euo pipefail

readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly label=dev.stickler.lab
readonly called=faults
. "$here/images.bash"
. "$here/lab/common.bash"

readonly scenario=$here/../scenarios/migration/stale-policy-after-cutover.toml
# How long a sender may take to say what becomes of a message, or to deliver it once nothing is in the way.
readonly word_secs=40

usage() {
    cat <<END
Breaks parts of the lab of docker/retest.sh, one after the other, while mail servers send through it,
and checks what must hold: no message is lost, none arrives twice, none goes where the policy forbids.

Usage: docker/faults.sh [OPTION...] [SENDER...]

  SENDER           one with the sidecar [default: postfix-3.7 postfix-3.10 exim-4.98]

  --stickler PATH  the program [default: build one, release and static]
  --into FOLDER    write the table and logs there [default: target/faults]
  --sabotage       put in turn a sidecar that knows no policy, a queue that gives up at once and messages that
                   are sent twice in the place of what should be: exit 0 if each check fails over one of them
  --if-available   exit 0, not 3, where Docker or the base images are not to be had
  -h, --help       this text

Faults: the old MX out of reach; the policy host out of reach, with mail for a forbidden MX under way;
the resolver out of reach; the sidecar killed (SIGKILL) and started again; its disk full; packets lost,
one of five.

Exit codes: 0 all holds, 1 something does not, 2 wrong usage or programs that do not start,
3 left out: no Docker, no docker-compose, no packages.
END
}

main() {
    local stickler= sabotage= names=() lie
    folder=$here/../target/faults
    while (($#)); do
        case $1 in
            --stickler | --into)
                (($# > 1)) || usage_error "$1 needs a value"
                if [[ $1 == --into ]]; then folder=$2; else stickler=$2; fi
                shift
                ;;
            --sabotage) sabotage=yes ;;
            --if-available) if_available=yes ;;
            -h | --help)
                usage
                exit
                ;;
            -*) usage_error "unknown option: $1" ;;
            *) names+=("$1") ;;
        esac
        shift
    done
    ((${#names[@]})) || names=(postfix-3.7 postfix-3.10 exim-4.98)
    choose "${names[@]}"
    for row in "${chosen[@]}"; do
        has_sidecar "$row" || usage_error "${row%% *} has no sidecar of ours"
    done
    build_images "$stickler"
    build_image "$here/lab/Dockerfile" faults stickler-lab:faults
    prepare_folder "$folder" "$scenario" ""
    more_files=(--file "$here/lab/faults.yaml") more_services=(filler)
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    rm -f "$folder"/faults-*.txt
    if [[ $sabotage ]]; then
        for lie in notfound gives-up twice; do
            LAB_SABOTAGE=$lie
            say "sabotage: $lie"
            break_all
            mv "$folder/faults.txt" "$folder/faults-$lie.txt"
        done
        all_red
    else
        break_all
        ! grep -q '^RED' "$folder/faults.txt"
    fi
}

# break_all: plays every fault, and leaves the table in faults.txt.
break_all() {
    local fault
    rm -f "$folder"/logs/sent-*
    start
    : > "$folder/faults.txt"
    for fault in old_mx policy_host resolver sidecar disk loss; do
        say "fault: $fault"
        at 0s
        # What the fault before it has left: a policy that is held again, and no queue.
        each forget
        "fault_$fault"
    done
    each check_all
    cat "$folder/faults.txt"
}

# all_red: succeeds where each check failed over a sabotage.
all_red() {
    local check status=0
    # A check is its message and what is to become of it: `old-cut waits`. Not each sender can be made to fail each.
    while read -r check; do
        if ! grep -q "^RED .* $check:" "$folder"/faults-*.txt; then
            say "UNNOTICED: $check"
            status=$failed
        fi
    done < <(sed -nE 's/^(ok|RED) +[^ ]+ +([^ ]+ [a-z]+):.*/\2/p' "$folder"/faults-*.txt | sort -u)
    ((status)) || say "every check fails over a sabotage, as it must"
    return $status
}

# row RESULT SENDER CHECK FOUND: a line of the table.
row() { printf '%-4s %-13s %s: %s\n' "$1" "$2" "$3" "$4" >> "$folder/faults.txt"; }

# each FUNCTION ARGUMENT...: calls it for each sender, all at once.
each() {
    local row pids=() pid
    for row in "${chosen[@]}"; do
        "$1" "${row%% *}" "${@:2}" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
}

# at TIME: lets the lab serve that moment of the scenario, with TTLs of seconds.
at() { driver apply /story.toml --factor 3600 --at "$1" > "$folder/logs/apply" 2>&1; }

# look SENDER ARGUMENT...
look() { docker exec "$(container "$1")" python3 /lab/look.py "${@:2}"; }

# query SENDER ARGUMENT...: the sidecar beside it.
query() { docker exec "$(container "$1-sidecar")" /usr/local/bin/stickler query "${@:2}"; }

# forget SENDER: the sidecar forgets the domain, so that its policy is fetched anew.
forget() { query "$1" corp.test --forget > /dev/null 2>&1 || true; }

# send SENDER NAME: a message that is told apart by NAME.
send() {
    look "$1" send "$2-$1@corp.test"
    printf '%s\n' "$2-$1@corp.test" >> "$folder/logs/sent-$1"
}

# waits SENDER NAME: the message waits, also after two more runs of the queue, and has not arrived. A sender that is still
# trying has nothing to say yet.
waits() {
    local to=$2-$1@corp.test word arrived until=$((SECONDS + word_secs))
    word=nothing
    while [[ $word == nothing* ]] && ((SECONDS < until)); do
        sleep 0.5
        word=$(look "$1" word "$to")
    done
    look "$1" flush && sleep 1
    look "$1" flush && sleep 1
    word=$(look "$1" word "$to")
    arrived=$(look "$1" arrived "$to")
    if [[ ($word == deferred* || $word == nothing*) && $arrived == 0 ]]; then
        row ok "$1" "$2 waits" "${word#deferred }"
    else
        row RED "$1" "$2 waits" "$word, arrived: $arrived"
    fi
}

# goes SENDER NAME HOST: the message arrives at the host, once, with the certificate verified.
goes() {
    local to=$2-$1@corp.test word= arrived=0 until=$((SECONDS + word_secs))
    # A bounce is the last word.
    while [[ $arrived == 0* || $word != protected* && $word != open* ]] && [[ $word != bounced* ]] && ((SECONDS < until)); do
        sleep 1
        arrived=$(look "$1" arrived "$to")
        word=$(look "$1" word "$to")
        [[ $arrived != 0* ]] || look "$1" flush
    done
    if [[ $arrived == "1 $3 TLS"* && $word == protected* ]]; then
        row ok "$1" "$2 arrives" "${arrived#1 }"
    else
        row RED "$1" "$2 arrives" "not at $3, once and verified: $word, arrived: $arrived"
    fi
}

# check_all SENDER: at the end every message has arrived once.
check_all() {
    local to arrived lost=0
    while read -r to; do
        arrived=$(look "$1" arrived "$to")
        [[ $arrived == 1\ * ]] || { row RED "$1" "all arrive" "not $to: arrived: $arrived" && lost=1; }
    done < "$folder/logs/sent-$1"
    ((lost)) || row ok "$1" "all arrive" "$(wc -l < "$folder/logs/sent-$1") messages, once each"
}

# cut SERVICE..., mend SERVICE=LAST...: takes containers off the network, and puts them back at their addresses.
cut() {
    local service
    for service in "$@"; do docker network disconnect stickler-lab_lab "$(container "$service")"; done
}
mend() {
    local service
    for service in "$@"; do
        docker network connect --ip "198.51.100.${service#*=}" stickler-lab_lab "$(container "${service%=*}")"
    done
}

fault_old_mx() {
    each send old-before
    each goes old-before mx.old.test
    cut mx-old
    each send old-cut
    each waits old-cut
    mend mx-old=21
    each goes old-cut mx.old.test
}

fault_policy_host() {
    each send policy-before
    each goes policy-before mx.old.test
    # The MX has moved and the policy has not, when its host goes: what is held is enforced.
    at 2d2h
    cut policy-a policy-b
    each send policy-cut
    each waits policy-cut
    mend policy-a=11 policy-b=12
    at 2d5h
    each goes policy-cut mx.new.test
}

fault_resolver() {
    each send dns-before
    each goes dns-before mx.old.test
    cut dns
    sleep 2
    each send dns-cut
    each waits dns-cut
    mend dns=53
    each goes dns-cut mx.old.test
}

# Where another one stands in its place there is none.
kill_sidecar() { [[ $LAB_SABOTAGE == notfound ]] || docker kill --signal KILL "$(container "$1-sidecar")" > /dev/null; }
start_sidecar() { [[ $LAB_SABOTAGE == notfound ]] || docker start "$(container "$1-sidecar")" > /dev/null; }

fault_sidecar() {
    each send sidecar-before
    each goes sidecar-before mx.old.test
    at 2d2h
    each kill_sidecar
    each send sidecar-killed
    each waits sidecar-killed
    # Nothing can be fetched, and the policy from before is enforced all the same.
    cut policy-a policy-b
    each start_sidecar
    each send sidecar-back
    each waits sidecar-back
    mend policy-a=11 policy-b=12
    at 2d5h
    each goes sidecar-killed mx.new.test
    each goes sidecar-back mx.new.test
}

# fill SENDER, empty SENDER: the disk of the sidecar's store.
fill() {
    docker exec "$(container filler)" dd if=/dev/zero of="/stores/$1/fill" bs=4k > /dev/null 2>&1 || true
}
empty() { docker exec "$(container filler)" rm "/stores/$1/fill"; }

# guarded SENDER NAME: the message waits or has arrived at the host of the policy, verified; it is not sent without it.
guarded() {
    local to=$2-$1@corp.test word=nothing until=$((SECONDS + word_secs))
    while [[ $word == nothing* ]] && ((SECONDS < until)); do
        sleep 0.5
        word=$(look "$1" word "$to")
    done
    case $word in
        deferred* | protected*) row ok "$1" "$2 guarded" "$word" ;;
        *) row RED "$1" "$2 guarded" "it neither waits nor is protected: $word" ;;
    esac
}

fault_disk() {
    each fill
    # A policy that cannot be stored.
    each send disk-full
    each guarded disk-full
    # And it is enforced, or mail waits.
    at 2d2h
    each send disk-moved
    each waits disk-moved
    each empty
    at 2d5h
    each goes disk-moved mx.new.test
}

# loss SENDER APPEND-OR-DELETE: one packet of five is lost on its way in. Lost on its way out it would be an error to the
# program that sends it.
loss() {
    docker run --rm --network "container:$(container "$1")" --cap-drop ALL --cap-add NET_ADMIN --cap-add NET_RAW \
        stickler-lab:faults iptables "$2" INPUT -i eth0 --match statistic --mode random --probability 0.2 --jump DROP
}

# lost SENDER: how many packets were.
lost() {
    docker run --rm --network "container:$(container "$1")" --cap-drop ALL --cap-add NET_ADMIN --cap-add NET_RAW \
        stickler-lab:faults iptables --list --verbose --exact | awk '$3 == "DROP" {sum += $1} END {print sum + 0}'
}

fault_loss() {
    local number
    each send loss-before
    each goes loss-before mx.old.test
    if ! loss "${chosen[0]%% *}" --append > "$folder/logs/loss" 2>&1; then
        row "-" "" loss "left out: packets cannot be lost here: $(tail -1 "$folder/logs/loss")"
        return
    fi
    loss "${chosen[0]%% *}" --delete
    each loss --append
    for number in 1 2 3; do each send "loss-$number"; done
    for number in 1 2 3; do each goes "loss-$number" mx.old.test; done
    each tell_lost
    each loss --delete
}

# tell_lost SENDER: a fault that did nothing would show nothing.
tell_lost() {
    local lost
    lost=$(lost "$1")
    if ((lost)); then row - "$1" "packets lost" "$lost"; else row RED "$1" "packets lost" none; fi
}

main "$@"

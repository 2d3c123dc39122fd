#!/bin/bash
# demo.sh -- from nothing to a group that shares a key: a laboratory KMS, a run, members who open it.
# usage: examples/demo.sh path/to/keymuster [DIRECTORY [MEMBERS]]
set -euo pipefail
keymuster=$(realpath "$1")
dir=${2:-demo}
members=${3:-10000}
sample=10
gms=sip:gms@gms-psi.example.org

rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"

say() { printf '\n$ keymuster %s\n' "$*"; }
run() {
	say "$@"
	"$keymuster" --plain "$@"
}

seq -f 'sip:user%.0f@example.org' "$members" >members.txt
awk -v every=$((members / sample)) 'NR % every == 1 || every <= 1' members.txt | head -n $sample >sample.txt

run lab kms kms
run lab user kms "$gms" -o gms
run lab user kms - -o users <sample.txt

say provision --kms kms/kms-init.xml --gms gms/gms-*.xml --group sip:fire-1@gms-psi.example.org \
	--members members.txt --gmk fire.gmk --text "'Fire ground 1'" --state gms.state -o fire.ndjson
"$keymuster" --plain provision --kms kms/kms-init.xml --gms gms/gms-*.xml \
	--group sip:fire-1@gms-psi.example.org --members members.txt --gmk fire.gmk \
	--text 'Fire ground 1' --state gms.state -o fire.ndjson 2> >(tee run.log >&2)

sed 's/.*/"uri":"&"/' sample.txt | grep -F -f - fire.ndjson >sample.ndjson
keys=()
for file in users/*.xml; do
	keys+=(--keys "$file")
done
say open --kms kms/kms-init.xml "--keys users/user1-*.xml .." sample.ndjson
"$keymuster" --plain open --kms kms/kms-init.xml "${keys[@]}" sample.ndjson >opened.ndjson
head -n 1 opened.ndjson
opened=$(grep -c '"status":"accepted"' opened.ndjson)

# "10000 lines: 10000 members, 0 rejected", "0.612 s, 16340 messages/s, kernel ifma"
read -r _ _ made _ < <(grep -E ' members?, ' run.log)
read -r seconds _ rate _ _ kernel < <(grep ' messages/s, ' run.log)
cat <<END

members            $made
seconds            $seconds
messages a second  $rate  (kernel $kernel, $(nproc) processors)
opened             $opened of $(wc -l <sample.txt) tried
messages           $dir/fire.ndjson
group key          $dir/fire.gmk
state of the GMS   $dir/gms.state
KMS, key sets      $dir/kms, $dir/gms, $dir/users
END
[ "$opened" = "$(wc -l <sample.txt)" ] && [ "$made" = "$members" ]

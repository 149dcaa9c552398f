# shellcheck shell=bash disable=SC2034,SC2154,SC2317
# What scripts/docker-trial tries with the profiles sentinel and cluster of compose.yaml. It reads this file.

ask() { compose run --rm -T --no-deps redis-cli "$@" | tr -d '\r'; }
# The service whose Redis is the primary of the bookings. The last number of its address is 11 or more (compose.yaml).
primary() {
    local address number slot
    if [[ $COMPOSE_PROFILES = cluster ]]; then
        slot=$(ask cluster keyslot 'book:{a}:events')
        address=$(ask --raw cluster nodes | awk -v slot="$slot" '{for (i = 9; i <= NF; i++) {
            split($i, range, "-"); if (range[1] <= slot + 0 && slot + 0 <= range[2]) print $2}}')
    else
        address=$(ask --raw config get replica-announce-ip | tail -n 1)
    fi
    address=${address%%:*}
    number=$((${address##*.} - 10))
    if ((number == 1)); then echo redis; else echo "redis-$number"; fi
}
is_replica() { compose exec -T "$1" redis-cli --user health --pass none --no-auth-warning role | grep -qx connected; }

# Books every 50 ms until the file is gone, and writes a line for each: when the response came, its status, and the booking.
book_on() {
    while [[ -e $folder/booking ]]; do
        printf '%s %s %s\n' "$(post /books "{\"museumId\":\"a1\",\"visitor\":\"kim\"}")" "$EPOCHREALTIME" \
            "$(grep -o '"a1-[^"]*"' "$folder/response" | head -n 1 | tr -d '"')"
        sleep 0.05
    done
}

# Usage: replication PROFILE DURABILITY   starts everything with it, and kills the primary while somebody books
replication() {
    export COMPOSE_PROFILES=$1 DURABILITY=$2
    local begin=$SECONDS killed client booking lost=0 booked=$folder/booked
    token=
    compose --profile '*' down --volumes --timeout 5
    compose up -d --wait --no-build
    say "$1, DURABILITY=$2: up --wait in $((SECONDS - begin)) s"
    new_token
    [[ $(post /museums '{"hall":"A hall","date":"2099-12-24","capacity":9000}') = 201 ]] || fail "no exhibition: $(<"$folder/response")"

    : >"$folder/booking"
    book_on >"$booked" &
    client=$!
    made() { grep -c '^201' "$booked"; }
    several() { (($(made) >= $1)); }
    eventually 20 several 20 || fail "there are no bookings: $(tail -n 1 "$booked") $(<"$folder/response")"
    killed=$(primary)
    compose kill "$killed"
    eventually 60 several "$(($(made) + 20))" || fail "no bookings after $killed was killed: $(tail -n 1 "$booked") $(<"$folder/response")"
    rm "$folder/booking"
    wait "$client"
    say "$1: $killed was killed; $(primary) took over; the longest time without a booking: $(awk '$1 == 201 {
        if (before && $2 - before > longest) longest = $2 - before; before = $2} END {printf "%.1f s", longest}' "$booked")"

    compose up -d --wait --no-build
    eventually 30 is_replica "$killed" || fail "$killed does not follow the new primary"
    while read -r booking; do has_status "/books/$booking" 200 || lost=$((lost + 1)); done < <(awk '$1 == 201 {print $3}' "$booked")
    booking=$(awk '$1 == 201 {id = $3} END {print id}' "$booked")
    say "$1: $killed is back as a replica; of $(made) bookings that got 201, $lost are lost"
    [[ $2 = local || $lost = 0 ]] || fail "acknowledged bookings are lost"
    tools audit --wait 30s

    compose down
    compose up -d --wait --no-build
    has_status "/books/$booking" 200 || fail "a booking is gone after 'down' and 'up'"
    say "$1: the bookings are there after 'down' and 'up'"
    tools audit --wait 30s
}

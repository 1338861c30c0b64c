#!/bin/sh
# `check` says what it found at Hiboutik, or exactly what is wrong and where.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

# checks FILTER EXIT PATTERN
checks()
{
	write_config_with_hiboutik "(.accounts[2]) |= ($1)"
	tb check
	expect "exit status ($said)" "$code" "$2"
	expect_text "what it says" "$said" "$3"
}

start_sim_with_hiboutik
checks . 0 'kiosk.*store "Agora" \(1\), warehouse "Agora" \(5\)'
checks '.url |= sub("/api$"; "/apirest")' 0 'kiosk.*warehouse "Agora"'
checks '.email = "nobody@example.com"' 1 \
	'refuses "nobody@example.com".*`api_key` is wrong'
checks '.store = 2' 1 'store 2 is not known; there is: 1 \(Agora\)'
checks '.warehouse = 1' 1 'warehouse 1 is not known; there is: 5 \(Agora\), 6'
checks '.url |= sub("/api$"; "/ap")' 1 'end with /api or /apirest'
checks 'del(.hook)' 3 'hook.token: missing'
checks '.warehouse = "five"' 3 'warehouse'

# bash completion for tillbridge; written by `make docs`.

# The accounts of a configuration; none where it cannot be read.
_tillbridge_accounts()
{
	"${COMP_WORDS[0]:-tillbridge}" complete accounts -c "$1" 2>/dev/null
}

_tillbridge()
{
	local word=${COMP_WORDS[COMP_CWORD]} command='' words='' options='' i
	local second='' config=gateway.json
	COMPREPLY=()
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-c | --config | --secret-file | -o | --output)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | --config)
			((i++))
			config=${COMP_WORDS[i]}
			;;
		--secret-file | -o | --output) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=${COMP_WORDS[i]}
			elif [[ -z $second ]]; then
				second=${COMP_WORDS[i]}
			fi
			;;
		esac
	done
	case $command in
	"") words="run check sync reconcile items hooks dead explain status import-appsettings schema version help" options="-c --config -q --quiet -v --verbose --help" ;;
	run) words="" options="-c --config -q --quiet -v --verbose --help" ;;
	check) words="" options="--offline --json -c --config -q --quiet -v --verbose --help" ;;
	sync) words="" options="--full --dry-run --json -c --config -q --quiet -v --verbose --help" ;;
	reconcile) words="" options="--fix --json -c --config -q --quiet -v --verbose --help" ;;
	items) words="import export list match" options="--apply --dry-run --skip-errors --json -c --config -q --quiet -v --verbose --help" ;;
	hooks) words="register" options="--dry-run --yes --secret-file --json -c --config -q --quiet -v --verbose --help" ;;
	dead) words="list show retry confirm drop" options="--all --dry-run --json -c --config -q --quiet -v --verbose --help" ;;
	explain) words="" options="--json -c --config -q --quiet -v --verbose --help" ;;
	status) words="" options="--json -c --config -q --quiet -v --verbose --help" ;;
	import-appsettings) words="" options="-o --output -c --config -q --quiet -v --verbose --help" ;;
	schema) words="" options="--markdown -c --config -q --quiet -v --verbose --help" ;;
	version) words="" options="--help" ;;
	help) words="run check sync reconcile items hooks dead explain status import-appsettings schema version help" options="--help" ;;
	esac
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
	*)
		# The word behind the command; then names or files.
		case $command:$second in
		*:)
			[[ $command != @(sync|reconcile) ]] ||
				words=$(_tillbridge_accounts "$config")
			if [[ $command == import-appsettings ]]; then
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
			else
				mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
			fi
			;;
		sync:* | reconcile:* | items:match | hooks:register)
			words=$(_tillbridge_accounts "$config")
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
			;;
		items:import) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
		esac
		;;
	esac
}

complete -o filenames -F _tillbridge tillbridge

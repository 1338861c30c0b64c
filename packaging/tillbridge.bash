# bash completion for tillbridge; written by `make docs`.

_tillbridge()
{
	local word=${COMP_WORDS[COMP_CWORD]} command='' words='' options='' i
	COMPREPLY=()
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-c | --secret-file | -o | --output)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | --secret-file | -o | --output) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $command in
	"") words="run check sync reconcile items hooks dead explain status import-appsettings schema version help" options="-c -q -v --help" ;;
	run) words="" options="-c -q -v --help" ;;
	check) words="" options="-c -q -v --offline --help" ;;
	sync) words="" options="-c -q -v --full --dry-run --help" ;;
	reconcile) words="" options="-c -q -v --fix --json --help" ;;
	items) words="import export list match" options="-c -q -v --dry-run --skip-errors --apply --json --help" ;;
	hooks) words="register" options="-c -q -v --dry-run --yes --secret-file --json --help" ;;
	dead) words="list show retry confirm drop" options="-c -q -v --dry-run --all --json --help" ;;
	explain) words="" options="-c -q -v --json --help" ;;
	status) words="" options="-c -q -v --help" ;;
	import-appsettings) words="" options="-c -q -v --output --help" ;;
	schema) words="" options="-c -q -v --markdown --help" ;;
	version) words="" options="--help" ;;
	help) words="run check sync reconcile items hooks dead explain status import-appsettings schema version help" options="--help" ;;
	esac
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
	*)
		# The word right behind the command; files behind that.
		if ((i >= COMP_CWORD - 1)) && [[ -n $words ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == import* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
		fi
		;;
	esac
}

complete -o filenames -F _tillbridge tillbridge

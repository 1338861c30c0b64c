# bash completion for tillbridge; written by `make docs`.

# _tillbridge_offers CONFIG WHAT: accounts, or SKUs or dead letters that begin so.
# Nothing where the configuration cannot be read or no Redis answers at once.
_tillbridge_offers()
{
	local program
	_tillbridge_plain program "${COMP_WORDS[0]:-tillbridge}"
	"$program" complete -c "$@" 2>/dev/null
}

# _tillbridge_plain NAME WORD: into NAME, what the shell will make of WORD.
_tillbridge_plain()
{
	local _text=${2#[\"\']}
	_text=${_text%[\"\']}
	[[ $2 == [\"\']* ]] || _text=${_text//\\/}
	[[ $2 != \~/* ]] || _text=$HOME${_text#\~}
	printf -v "$1" %s "$_text"
}

_tillbridge_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# SKUs or dead letters that begin as the word typed. They may hold what a shell takes for more
# than text; and readline replaces only what stands behind the last : or = of a
# word, or its last @ and what stands behind that.
_tillbridge_stored()
{
	local breaks=${COMP_WORDBREAKS//[^:=@]/} begun='' plain name
	_tillbridge_plain plain "$2"
	if [[ $breaks && $2 != [\"\']* ]]; then
		begun=${2%"${2##*["$breaks"]}"}
		begun=${begun%@}
	fi
	while IFS= read -r name; do
		[[ $2 == [\"\']* ]] || printf -v name %q "$name"
		COMPREPLY+=("${name#"$begun"}")
	done < <(_tillbridge_offers "$config" "$1" -- "$plain")
}

_tillbridge()
{
	local word=${COMP_WORDS[COMP_CWORD]} command='' words='' options='' i
	local second='' config=gateway.json rest=${COMP_LINE-} typed
	local args=()
	COMPREPLY=()
	# Words as the shell will see them: readline ends one at : and =, too.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		if [[ -z ${COMP_LINE-} || $i == 0 || $rest == [[:space:]]* ]]; then
			args+=("${COMP_WORDS[i]}")
		else
			args[-1]+=${COMP_WORDS[i]}
		fi
		rest=${rest#"${rest%%[![:space:]]*}"}
		rest=${rest#"${COMP_WORDS[i]}"}
	done
	typed=${args[-1]}
	case $typed in
	--config=* | --secret-file=* | --output=*)
		_tillbridge_files "${typed#*=}"
		return
		;;
	esac
	case ${args[-2]-} in
	-c | --config | --secret-file | -o | --output)
		_tillbridge_files "$word"
		return
		;;
	esac
	for ((i = 1; i < ${#args[@]} - 1; i++)); do
		case ${args[i]} in
		-c | --config)
			((i++))
			_tillbridge_plain config "${args[i]}"
			;;
		--config=*) _tillbridge_plain config "${args[i]#*=}" ;;
		--secret-file | -o | --output) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=${args[i]}
			elif [[ -z $second ]]; then
				second=${args[i]}
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
	if [[ $typed == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
		return
	fi
	# The word behind the command; then names or files.
	case $command:$second in
	import-appsettings: | items:import) _tillbridge_files "$word" ;;
	explain:) _tillbridge_stored skus "$typed" ;;
	dead:show | dead:retry | dead:confirm | dead:drop)
		_tillbridge_stored dead "$typed"
		;;
	sync:* | reconcile:* | items:match | hooks:register)
		words=$(_tillbridge_offers "$config" accounts)
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		;;
	*:) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
	esac
}

complete -F _tillbridge tillbridge

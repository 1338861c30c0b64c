#!/bin/sh
# What manual pages and shells are told about commands and options, out of the
# program's own words, so that neither can be forgotten.
#
#     packaging/generate.sh WHAT TILLBRIDGE
#
#   commands   the list of commands in tillbridge(1)
#   options    the list of options in gateway.json(5)
#   bash, zsh  the whole completion

set -eu

what=$1
program=$2

# One line each: NAME|SUBWORDS|OPTIONS. The words of a usage that are neither
# in brackets nor in capitals are what may follow the command.
commands()
{
	"$program" help | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p' |
		while read -r name; do
			"$program" help "$name" | awk -v name="$name" '
			/^usage: / {
				sub(/^usage: tillbridge [a-z-]+ ?/, "")
				gsub(/\[[^]]*\]/, "")
				n = split($0, part, /[ |]+/)
				for (i = 1; i <= n; i++)
					if (part[i] ~ /^[a-z][a-z-]*$/)
						words = words (words ? " " : "") part[i]
			}
			/^options:$/ { is_options = 1; next }
			is_options {
				for (i = 1; i <= NF && $i ~ /^(-|[A-Z]+$)/; i++)
					if ($i ~ /^-/) {
						sub(/,$/, "", $i)
						options = options (options ? " " : "") $i
					}
			}
			END {
				# help of what has none of its own is the whole list
				if (name == "help" || name == "version")
					words = options = ""
				print name "|" words "|" options
			}'
		done
}

# Text of ours as mdoc: no request by accident, no hyphen for a minus, ASCII.
as_mdoc='function mdoc(s) {
	gsub(/\\/, "\\e", s)
	gsub(/…/, "...", s)
	gsub(/--/, "\\-\\-", s)
	gsub(/ -/, " \\-", s)
	return mdoc_first(s)
}
# Lines of at most 78 bytes, none of which looks like a request.
function wrap(s,   n, i, word, line) {
	n = split(s, word, " ")
	line = word[1]
	for (i = 2; i <= n; i++) {
		if (length(line) + 1 + length(word[i]) > 78) {
			print line
			line = mdoc_first(word[i])
		} else {
			line = line " " word[i]
		}
	}
	print line
}
function mdoc_flag(s) {
	gsub(/-/, "\\-", s)
	return s
}
function mdoc_first(s) {
	return s ~ /^[.'\'']/ ? "\\&" s : s
}
# A new sentence on a new line.
function say(s) {
	while (match(s, /[.?] [A-Z"]/)) {
		wrap(mdoc(substr(s, 1, RSTART)))
		s = substr(s, RSTART + 2)
	}
	wrap(mdoc(s))
}'

print_commands()
{
	commands | while IFS='|' read -r name words options; do
		"$program" help "$name" | awk -v name="$name" "$as_mdoc"'
		function end_text() {
			if (text) {
				if (is_apart)
					print ".Pp"
				say(text)
				is_apart = 1
			}
			text = ""
		}
		name == "help" || name == "version" {
			if (NR == 1) {
				print ".It Ic " name (name == "help" ? " Op Ar command" : "")
				print name == "help" ? "Print the list of commands, or all about one." \
					: "Print the version."
			}
			next
		}
		/^usage: / {
			sub(/^usage: tillbridge /, "")
			print ".It Ic " mdoc($0)
			next
		}
		/^options:$/ { end_text(); is_options = 1; next }
		# What every command takes is said once, at the top of the page.
		is_options && /--(config|quiet|verbose)( |$)/ { next }
		is_options {
			if (!has_options++)
				print ".Bl -tag -width Ds"
			line = ".It"
			for (i = 1; i <= NF && $i ~ /^(-|[A-Z]+$)/; i++) {
				is_more = sub(/,$/, "", $i)
				line = line ($i ~ /^-/ ? " Fl " mdoc_flag(substr($i, 2)) \
					: " Ar " tolower($i)) (is_more ? " ," : "")
			}
			print line
			text = ""
			for (; i <= NF; i++)
				text = text (text ? " " : "") $i
			say(toupper(substr(text, 1, 1)) substr(text, 2) ".")
			text = ""
			next
		}
		/^  / {
			end_text()
			print ".Dl " mdoc(substr($0, 3))
			next
		}
		/^$/ { end_text(); next }
		!is_said { $0 = toupper(substr($0, 1, 1)) substr($0, 2) "."; is_said = 1 }
		{ text = text (text ? " " : "") $0 }
		END {
			end_text()
			if (has_options)
				print ".El"
		}'
	done
}

# From the Markdown that is made of the table the program reads with.
print_options()
{
	"$program" schema --markdown | awk "$as_mdoc"'
	function clean(s) {
		gsub(/\001/, "|", s)
		gsub(/`/, "", s)
		sub(/^ +/, "", s)
		sub(/ +$/, "", s)
		return s
	}
	function end_list() {
		if (is_list)
			print ".El"
		is_list = 0
	}
	/^## / {
		end_list()
		print ".Ss " mdoc(clean(substr($0, 4))) "\\&"
		next
	}
	/^\| `/ {
		gsub(/\\\|/, "\001")
		split($0, cell, "|")
		if (!is_list)
			print ".Bl -tag -width Ds"
		is_list = 1
		print ".It Va " mdoc(clean(cell[2]))
		say(clean(cell[5]))
		fallback = clean(cell[3])
		wrap("Value: " mdoc(clean(cell[4])) (fallback == "" ? "." : \
			fallback == "required" ? "; required." : "; default:"))
		if (fallback != "" && fallback != "required") {
			gsub(/"/, "\\(dq", fallback)
			print ".Ql " fallback " ."
		}
		next
	}
	/^[A-Z]/ { end_list(); say(clean($0)) }
	END { end_list() }'
}

print_bash()
{
	cat <<'END'
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
END
	names=$(commands | cut -d '|' -f 1 | tr '\n' ' ')
	printf '\t"") words="%s" options="-c --config -q --quiet -v --verbose --help" ;;\n' "${names% }"
	commands | while IFS='|' read -r name words options; do
		[ "$name" != help ] || words=${names% }
		printf '\t%s) words="%s" options="%s --help" ;;\n' \
			"$name" "$words" "${options:+$options }" | sed 's/  --/ --/; s/" --/"--/'
	done
	cat <<'END'
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
END
}

print_zsh()
{
	cat <<'END'
#compdef tillbridge
# zsh completion for tillbridge; written by `make docs`.

# What the program offers: accounts, or SKUs or dead letters that begin so.
# Nothing where the configuration cannot be read or no Redis answers at once.
_tillbridge_offers()
{
	"$program" complete -c "${config/#\~\//$HOME/}" "$@" 2>/dev/null
}

_tillbridge()
{
	local -a list options
	local command second config=gateway.json program=${(Q)words[1]} i
	program=${program/#\~\//$HOME/}
	case ${words[CURRENT - 1]} in
	-c | --config | --secret-file | -o | --output)
		_files
		return
		;;
	esac
	for ((i = 2; i < CURRENT; i++)); do
		case ${words[i]} in
		-c | --config)
			((i++))
			config=${(Q)words[i]}
			;;
		--config=*) config=${(Q)words[i]#*=} ;;
		--secret-file | -o | --output) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=${words[i]}
			elif [[ -z $second ]]; then
				second=${words[i]}
			fi
			;;
		esac
	done
	case $command in
END
	names=$(commands | cut -d '|' -f 1 | tr '\n' ' ')
	printf '\t"") list=(%s) options=(-c --config -q --quiet -v --verbose --help) ;;\n' "${names% }"
	commands | while IFS='|' read -r name words options; do
		[ "$name" != help ] || words=${names% }
		printf '\t%s) list=(%s) options=(%s) ;;\n' \
			"$name" "$words" "${options:+$options }--help"
	done
	cat <<'END'
	esac
	if [[ $PREFIX == (--config|--secret-file|--output)=* ]]; then
		compset -P 1 '*='
		_files
		return
	fi
	if [[ $PREFIX == -* ]]; then
		compadd -- $options
		return
	fi
	# The word behind the command; then names or files.
	case $command:$second in
	import-appsettings: | items:import) _files ;;
	explain:)
		list=(${(f)"$(_tillbridge_offers skus -- "${(Q)PREFIX}")"})
		compadd -- $list
		;;
	dead:show | dead:retry | dead:confirm | dead:drop)
		list=(${(f)"$(_tillbridge_offers dead -- "${(Q)PREFIX}")"})
		compadd -- $list
		;;
	sync:* | reconcile:* | items:match | hooks:register)
		list=(${(f)"$(_tillbridge_offers accounts)"})
		compadd -- $list
		;;
	*:) compadd -- $list ;;
	esac
}

_tillbridge "$@"
END
}

case $what in
commands) print_commands ;;
options) print_options ;;
bash) print_bash ;;
zsh) print_zsh ;;
*)
	echo "usage: packaging/generate.sh commands|options|bash|zsh TILLBRIDGE" >&2
	exit 2
	;;
esac

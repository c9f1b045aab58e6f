# shellcheck shell=bash
# Completion of tmgport for bash; tests/check-docs compares the lists with the
# help of the command.

_tmgport() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' word i
	local commands='inspect audit convert explain trace'
	local global_options='-f -o -q -v --color -W --fail-on --allow --charset --map --help --version'
	local limit_options='--max-depth --max-text --max-elements --max-size --max-memory'
	local batch_options='-j --shard --summary --no-time --no-sandbox'
	local convert_options='-t -o --cert-dir --ca-file --bind --pass-through --no-verify --client-address --runtime-dir --target-version --force --resume --compare'
	local audit_options='--topology --iis-log --cert --baseline --without --fix-plan --fixed --resume'
	local explain_options='--list --help --version'
	local trace_options='--from --on --at --method --urls --bind --pass-through'

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case " $commands " in
		*" $word "*)
			command=$word
			break
			;;
		esac
	done

	COMPREPLY=()
	# readline breaks words at "=": the option is then one further back.
	if [ "$current" = = ]; then
		current=
	elif [ "$previous" = = ]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $previous in
	-f)
		word='text json'
		[ "$command" = audit ] && word='text json sarif gcc csv markdown html'
		;;
	-t) word='nginx haproxy all' ;;
	-W | --fail-on) word='note warning error' ;;
	--color) word='auto always never' ;;
	--client-address) word='proxy transparent' ;;
	--help) word="all $commands" ;;
	explain) word='assumptions targets checks topology-file --list' ;;
	--cert-dir | --runtime-dir | --compare)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--allow | --without | --charset | --map | --bind | --pass-through | --target-version | --max-* | --from | --on | --at | --method | -j | --shard) return ;;
	*)
		word=
		if [ -z "$command" ]; then
			word="$commands --help --version"
		elif [[ $current == -* ]]; then
			word="$global_options"
			case $command in
			explain) word="$explain_options" ;;
			audit) word="$word $audit_options $batch_options $limit_options" ;;
			inspect) word="$word $batch_options $limit_options" ;;
			convert) word="$word $convert_options $batch_options $limit_options" ;;
			trace) word="$word -o $trace_options --no-sandbox $limit_options" ;;
			esac
		fi
		;;
	esac
	if [ -n "$word" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -o filenames -F _tmgport tmgport

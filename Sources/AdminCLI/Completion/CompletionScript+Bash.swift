// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension CompletionScript {
    package var bash: String {
        let trails = places.dropFirst().map { "\"\($0.name)\"" }.joined(separator: "|")
        let withValue = optionsWithValue.map(\.name).joined(separator: "|")
        let values = optionsWithValue.map { "        \($0.name)) \(Self.bashValue($0)); return ;;" }
        let cases = places.map { place in
            let words = place.commands.map(\.name) + place.options.map(\.name) + place.words
            return "        \"\(place.name)\") words=\(Self.quoted(words.joined(separator: " "))) ;;"
        }
        return """
            # bash completion of martlet; made by "martlet completion bash".
            _martlet() {
                local cur="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
                local trail="" words="" word next i skip=0
                COMPREPLY=()
                case "$previous" in
            \(values.joined(separator: "\n"))
                esac
                for ((i = 1; i < COMP_CWORD; i++)); do
                    word="${COMP_WORDS[i]}"
                    if ((skip)); then skip=0; continue; fi
                    case "$word" in
                    \(withValue)) skip=1; continue ;;
                    -*) continue ;;
                    esac
                    next="${trail:+$trail }$word"
                    case "$next" in
                    \(trails)) trail="$next" ;;
                    esac
                done
                case "$trail" in
            \(cases.joined(separator: "\n"))
                esac
                COMPREPLY=($(compgen -W "$words" -- "$cur"))
            }
            complete -F _martlet martlet

            """
    }

    private static func bashValue(_ option: Option) -> String {
        switch option.completion {
        case .folders: "COMPREPLY=($(compgen -d -- \"$cur\"))"
        case .words(let words): "COMPREPLY=($(compgen -W \(quoted(words.joined(separator: " "))) -- \"$cur\"))"
        case .nothing: "COMPREPLY=()"
        }
    }
}

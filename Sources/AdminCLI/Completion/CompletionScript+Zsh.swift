// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension CompletionScript {
    package var zsh: String {
        let trails = places.dropFirst().map { "\"\($0.name)\"" }.joined(separator: "|")
        let withValue = optionsWithValue.map(\.name).joined(separator: "|")
        let values = optionsWithValue.map { "        \($0.name)) \(Self.zshValue($0)); return ;;" }
        let cases = places.map { place in
            let described = place.commands.map { ($0.name, $0.summary) } + place.options.map { ($0.name, $0.help) }
            let candidates = described.map { Self.described($0.0, $0.1) } + place.words.map(Self.quoted)
            return "        \"\(place.name)\") candidates=(\(candidates.joined(separator: " "))) ;;"
        }
        return """
            #compdef martlet
            # zsh completion of martlet; made by "martlet completion zsh".
            _martlet() {
                local trail="" word next
                local -a candidates
                local -i i skip=0
                case "${words[CURRENT-1]}" in
            \(values.joined(separator: "\n"))
                esac
                for ((i = 2; i < CURRENT; i++)); do
                    word="${words[i]}"
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
                _describe 'martlet' candidates
            }
            if [ "$funcstack[1]" = "_martlet" ]; then _martlet "$@"; else compdef _martlet martlet; fi

            """
    }

    /// `name:description`, in which a colon within the name is escaped.
    private static func described(_ name: String, _ text: String) -> String {
        quoted("\(name.replacing(":", with: "\\:")):\(text)")
    }

    private static func zshValue(_ option: Option) -> String {
        switch option.completion {
        case .folders: "_files -/"
        case .words(let words): "compadd -- \(words.map(quoted).joined(separator: " "))"
        case .nothing: "_message \(quoted(option.help))"
        }
    }
}

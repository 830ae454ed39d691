// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension CompletionScript {
    package var fish: String {
        let trails = places.dropFirst().map { Self.quoted($0.name) }.joined(separator: " ")
        let withValue = optionsWithValue.map { Self.quoted($0.name) }.joined(separator: " ")
        return """
            # fish completion of martlet; made by "martlet completion fish".
            function __martlet_at
                set -l trail ''
                set -l skip 0
                for word in (commandline -opc)[2..-1]
                    if test $skip -eq 1
                        set skip 0
                        continue
                    end
                    if contains -- $word \(withValue)
                        set skip 1
                        continue
                    end
                    string match -q -- '-*' $word; and continue
                    set -l next (string trim -- "$trail $word")
                    if contains -- $next \(trails)
                        set trail $next
                    end
                end
                test "$trail" = "$argv[1]"
            end
            complete -c martlet -f
            \(places.flatMap(Self.lines).joined(separator: "\n"))

            """
    }

    private static func lines(_ place: Place) -> [String] {
        let start = "complete -c martlet -n \(quoted("__martlet_at \(quotedInside(place.name))"))"
        let commands = place.commands.map { "\(start) -a \($0.name) -d \(quoted($0.summary))" }
        let words = place.words.isEmpty ? [] : ["\(start) -a \(quoted(place.words.joined(separator: " ")))"]
        let options = place.options.map { option in
            var line = "\(start) -l \(option.name.dropFirst(2)) -d \(quoted(option.help))"
            if let short = option.short { line += " -s \(short.dropFirst())" }
            switch option.completion {
            case _ where option.value == nil: break
            case .folders: line += " -x -a '(__fish_complete_directories)'"
            case .words(let words): line += " -x -a \(quoted(words.joined(separator: " ")))"
            case .nothing: line += " -x"
            }
            return line
        }
        return commands + words + options
    }

    private static func quotedInside(_ text: String) -> String { "\"\(text)\"" }
}

// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The command line of `sendmail`, as programs of forty years write it.
///
/// Options that say how a server is to be run mean nothing here and are passed over.
struct SendmailOptions: Sendable, Equatable {
    enum Mode: Sendable, Equatable {
        /// Reads a message and sends it.
        case message
        /// Speaks SMTP on standard input and output.
        case dialogue
        /// Lists the queue.
        case queue
        /// Asks for what is done without asking, such as a new alias file or a run of the queue.
        case nothing
        /// Shows the help.
        case help
    }

    var mode = Mode.message
    /// Recipients are those of To, Cc and Bcc, besides those that are named.
    var readsRecipients = false
    /// A line with a dot alone is text.
    var ignoresDots = false
    /// `nil`: the user who calls.
    ///
    /// Empty: nobody, as of reports.
    var sender: String?
    var fullName: String?
    var recipients: [String] = []
    /// NOTIFY of each recipient (RFC 3461 §4.1).
    var notify: String?
    /// RET of the message (RFC 3461 §4.3).
    var returns: String?
    var envelopeID: String?
    var isVerbose = false
    var data: String?
    var pickup: String?

    init() {}

    /// Reads the words after the program's name.
    ///
    /// - Parameter name: what the program is called as: `mailq` and `newaliases` are ways to call it.
    init(_ words: [String], name: String = "sendmail") throws(CommandError) {
        if name == "mailq" { mode = .queue }
        if name == "newaliases" { mode = .nothing }
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                recipients += rest
                break
            }
            guard word.hasPrefix("-"), word.utf8.count > 1 else {
                recipients.append(word)
                continue
            }
            if word.hasPrefix("--") { try readLong(word, &rest) } else { try readShort(word, &rest) }
        }
        for text in recipients + [sender, fullName, envelopeID].compactMap(\.self) {
            guard text.utf8.allSatisfy({ !ASCII.isControl($0) }) else {
                throw CommandError(
                    .usage,
                    "sendmail: a control character stands in \"\(PrintableText.escaped(text))\"."
                )
            }
        }
    }

    private mutating func readLong(_ word: String, _ rest: inout ArraySlice<String>) throws(CommandError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch parts[0] {
        case "--help": mode = .help
        case "--data": data = try parts.count > 1 ? parts[1] : value(of: word, "", &rest)
        case "--pickup": pickup = try parts.count > 1 ? parts[1] : value(of: word, "", &rest)
        default: throw Self.unknown(word)
        }
    }

    private mutating func readShort(_ word: String, _ rest: inout ArraySlice<String>) throws(CommandError) {
        let letter = word.dropFirst().prefix(1)
        let tail = String(word.dropFirst(2))
        switch letter {
        case "f", "r": sender = Self.bare(try value(of: word, tail, &rest))
        case "F": fullName = try value(of: word, tail, &rest)
        case "N": notify = try Self.notify(value(of: word, tail, &rest))
        case "R":
            let text = ASCII.uppercased(try value(of: word, tail, &rest))
            guard text == "FULL" || text == "HDRS" else { throw CommandError(.usage, "sendmail: -R is full or hdrs.") }
            returns = text
        case "V": envelopeID = try value(of: word, tail, &rest)
        case "b": try readMode(tail, word)
        case "o": if tail == "i" { ignoresDots = true }
        // Options of a server or of one line of it, with a value.
        case "B", "C", "D", "d", "h", "L", "M", "O", "p", "X": _ = tail.isEmpty && word != "-d" ? rest.popFirst() : nil
        // The queue runs by itself.
        case "q": mode = .nothing
        default: try readFlags(word)
        }
    }

    /// Letters without values, which may stand together: `-ti`.
    private mutating func readFlags(_ word: String) throws(CommandError) {
        for letter in word.dropFirst() {
            switch letter {
            case "t": readsRecipients = true
            case "i": ignoresDots = true
            case "v": isVerbose = true
            case "I": mode = .nothing
            case "A", "G", "m", "n", "s", "U", "x", "e", "c": break
            default: throw Self.unknown(word)
            }
        }
    }

    private mutating func readMode(_ letter: String, _ word: String) throws(CommandError) {
        switch letter {
        case "m": mode = .message
        case "s": mode = .dialogue
        case "p": mode = .queue
        case "i": mode = .nothing
        default:
            throw CommandError(
                .usage,
                "sendmail: \(PrintableText.escaped(word)) is not done here. The server is run by martlet serve."
            )
        }
    }

    private func value(of word: String, _ tail: String, _ rest: inout ArraySlice<String>) throws(CommandError) -> String
    {
        if !tail.isEmpty { return tail }
        guard let next = rest.popFirst() else {
            throw CommandError(.usage, "sendmail: \(PrintableText.escaped(word)) needs a value.")
        }
        return next
    }

    private static func unknown(_ word: String) -> CommandError {
        CommandError(.usage, "sendmail: no option \(PrintableText.escaped(word)). See: martlet sendmail --help")
    }

    /// Without angle brackets.
    private static func bare(_ address: String) -> String {
        address.hasPrefix("<") && address.hasSuffix(">") ? String(address.dropFirst().dropLast()) : address
    }

    private static func notify(_ text: String) throws(CommandError) -> String {
        let text = ASCII.uppercased(text)
        let words = text.split(separator: ",").map(String.init)
        let isList = !words.isEmpty && words.allSatisfy { ["SUCCESS", "FAILURE", "DELAY"].contains($0) }
        guard text == "NEVER" || isList else {
            throw CommandError(.usage, "sendmail: -N is never, or some of success,failure,delay.")
        }
        return words.joined(separator: ",")
    }
}

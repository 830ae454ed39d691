// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let trace = Command(
        "trace",
        summary: "What is said between this server and others, line by line",
        discussion:
            "A trace is of a peer's address or network, or of a domain. It begins with the next session, ends by "
            + "itself after a time and at a size, and shows no passwords; message content only with --content.",
        subcommands: [.traceStart, .traceStop, .traceList, .traceShow, .traceRemove]
    )
}

extension Argument {
    static let traceID = Argument("ID", help: "As \"martlet trace list\" names it")
}

func traceLine(_ trace: JSONValue) -> String {
    let directions = (trace["directions"]?.strings ?? []).joined(separator: ", ")
    return PrintableText.escaped(
        "Trace \(trace.shown("id")) of \(trace.shown("subject")) (\(directions)): \(trace.shown("state")), until "
            + "\(trace.shown("until").prefix(19))Z or \(trace.shown("maximumOctets")) octets; has "
            + "\(trace.shown("octets")) octets"
    )
}

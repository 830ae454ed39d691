// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Runtime

// Puts load on a mail server, of whatever make, by its addresses, and holds every answer against what it must be: a wrong
// answer is an error, not a fast one. One load, one line of JSON.
//
//     load fill       --users FILE --imap PORT --messages N                       one mailbox, for the loads below
//     load deliver    --users FILE --smtp PORT --imap PORT --sessions N --messages M   until all can be seen by IMAP
//     load relay      --smtp PORT --sink PORT --domains D --sessions N --messages M    until all came out again
//     load append     --users FILE --imap PORT --sessions N --messages M [--hot 1]     APPEND; hot: all to one mailbox
//     load fetch      --users FILE --imap PORT --items flags|envelopes|bodies --times N
//     load search     --users FILE --imap PORT --by text|flags|dates|sent --times N
//     load sort       --users FILE --imap PORT --by date|subject --times N
//     load thread     --users FILE --imap PORT --by references|orderedsubject --times N
//     load select     --users FILE --imap PORT --times N
//     load store      --users FILE --imap PORT --times N    a flag on every message, and off again
//     load expunge    --users FILE --imap PORT --times N    nearly all of a copy of the filled mailbox
//     load pause      --users FILE --imap PORT --other N    how long user N waits for NOOP during each of these commands
//     load log-on     --users FILE --imaps PORT --sessions N --seconds S
//     load notify     --users FILE --smtp PORT --imap PORT --sessions N --messages M   delivery to IDLE
//     load hold       --users FILE --imaps PORT --sessions N     sessions in IDLE; says "ready", waits for a line
//     load probe      --users FILE --imap PORT --seconds S       time to answer of somebody else, meanwhile
//     load download   --users FILE --pop3 PORT --times N
//
// --host ADDRESS (127.0.0.1), --octets N of a message (10240), --think MS between what one session does (0),
// --first N the first user that is used (0).

/// What the command line asks for.
struct LoadOptions: Sendable {
    struct Missing: Error, CustomStringConvertible {
        var name: String
        var description: String { "load needs \(name)" }
    }

    private(set) var load = ""
    private var values: [String: String] = [:]

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word.hasPrefix("--") { values[String(word.dropFirst(2))] = rest.popFirst() } else { load = word }
        }
    }

    func text(_ name: String) throws -> String {
        guard let value = values[name] else { throw Missing(name: "--\(name)") }
        return value
    }

    func has(_ name: String) -> Bool { values[name] != nil }
    func number(_ name: String, _ otherwise: Int) -> Int { values[name].flatMap { Int($0) } ?? otherwise }
    func word(_ name: String, _ otherwise: String) -> String { values[name] ?? otherwise }
    var think: Duration { .milliseconds(number("think", 0)) }
    var octets: Int { number("octets", 10_240) }
    var sessions: Int { number("sessions", 1) }
}

@main
enum Load {
    static func main() {
        _ = raiseDescriptorLimit()
        let options = LoadOptions(Array(CommandLine.arguments.dropFirst()))
        let status: Int32 = EventLoop.runBlocking(name: "load") { loop in
            do {
                let result = try await run(options, loop)
                say(result.json(options.load).encoded)
                return result.tally.errors == 0 ? 0 : 1
            } catch {
                say(Array("load \(options.load): \(error)".utf8), on: 2)
                return 70
            }
        }
        exit(status)
    }

    /// Writes a line at once, also into a pipe.
    static func say(_ line: [UInt8], on file: Int32 = 1) {
        let octets = line + [ASCII.lf]
        _ = unsafe write(file, octets, octets.count)
    }

    private static func run(_ options: LoadOptions, _ loop: EventLoop) async throws -> LoadResult {
        let target = try Target(options)
        switch options.load {
        case "fill": return try await fill(options, target, loop)
        case "deliver": return try await deliver(options, target, loop)
        case "relay": return try await relay(options, target, loop)
        case "append": return try await append(options, target, loop)
        case "fetch": return try await fetch(options, target, loop)
        case "search": return try await search(options, target, loop)
        case "sort": return try await sort(options, target, loop)
        case "thread": return try await thread(options, target, loop)
        case "store": return try await store(options, target, loop)
        case "expunge": return try await expunge(options, target, loop)
        case "pause": return try await pause(options, target, loop)
        case "select": return try await select(options, target, loop)
        case "log-on": return try await logOn(options, target, loop)
        case "notify": return try await notify(options, target, loop)
        case "hold": return try await hold(options, target, loop)
        case "probe": return try await probe(options, target, loop)
        case "download": return try await download(options, target, loop)
        default: throw LoadOptions.Missing(name: "the name of a load, not \"\(options.load)\"")
        }
    }
}

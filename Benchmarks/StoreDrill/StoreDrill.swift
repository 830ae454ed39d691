// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Glibc
import Journal
import JournalStore
import MailStore
import MailTypes
import MessageFormat
import Runtime
import Settings

// Writes to a store, and says what is in one, for script/soak: the store is killed, cut off from power and damaged
// there, and judged there, by what this program has put into its log before.
//
//     store-drill write STORE LOG [--writers 32] [--accounts 8] [--cycle 0] [--segment 4194304] [--retry TOKEN,...]
//                                 [--compact MS]: compacts all the time, with pauses of so many ms
//     store-drill dump [--check 1] reads "STORE OUTPUT" lines from standard input, one store after the other
//
// Lines of a log, in the order in which they became true; times are nanoseconds of the monotonic clock:
//
//     G account mailbox uid token sha256 whole flags modseq size      a message that is there
//     U account mailbox uidvalidity uidnext highestmodseq messages    a mailbox, after its messages
//     R time                                                          all of the above is said; the work begins
//     I number time operation account mailbox ...                     about to be asked of the store
//     A number time ...                                               the store has said yes
//     E number time code                                              the store has said no
//     S time account mailbox uids                                     another session has seen these messages
//     F kind file offset octets                                       what "store check" has found
//     X account mailbox uid token                                     a whole message that SEARCH has not found

/// What the command line asks for.
struct DrillOptions: Sendable {
    var words: [String] = []
    var writers = 32
    var accounts = 8
    var cycle = 0
    var segmentOctets: UInt64 = 4 << 20
    var operations = Int.max
    var appends = 0
    var retry: [String] = []
    /// Milliseconds between two compactions; 0 for none.
    var compact = 0
    var checks = false

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                words.append(word)
                continue
            }
            let value = rest.popFirst() ?? ""
            switch word {
            case "--writers": writers = Int(value) ?? writers
            case "--accounts": accounts = Int(value) ?? accounts
            case "--cycle": cycle = Int(value) ?? cycle
            case "--segment": segmentOctets = UInt64(value) ?? segmentOctets
            case "--operations": operations = Int(value) ?? operations
            case "--append": appends = Int(value) ?? appends
            case "--compact": compact = Int(value) ?? compact
            case "--check": checks = value == "1"
            case "--retry": retry = value.split(separator: ",").map(String.init)
            default: fatalError("unknown option \(word)")
            }
        }
    }
}

/// Opens stores as a back-end does, with small segments, so that a short run sees many.
enum DrillStore {
    static func open(_ path: String, _ options: DrillOptions, _ loop: EventLoop) async throws -> JournalStore {
        var journal = JournalOptions()
        journal.segmentOctets = options.segmentOctets
        journal.reservedOctets = 0
        return try await JournalStore.open(
            path,
            options: journal,
            shards: 1,
            loops: [loop],
            settings: LiveSettings(),
            events: .none,
            summarize: { MessageSummary(parsing: $0).encode() }
        )
    }
}

@main
enum StoreDrill {
    static func main() {
        var options = DrillOptions(Array(CommandLine.arguments.dropFirst()))
        let verb = options.words.isEmpty ? "" : options.words.removeFirst()
        let chosen = options
        let status: Int32 = EventLoop.runBlocking(name: "drill") { loop in
            do {
                switch (verb, chosen.words.count) {
                case ("write", 2): try await WriteDrill(chosen, loop).run()
                case ("dump", 0): try await DumpDrill(chosen, loop).run()
                default:
                    Output.standard("usage: store-drill write STORE LOG | dump\n")
                    return 64
                }
                return 0
            } catch {
                Output.standard("failed \(error) \((error as? MailStoreError)?.detail ?? "")\n")
                return 1
            }
        }
        exit(status)
    }
}

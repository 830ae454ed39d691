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

// Measures the store, and Maildir written the classical way beside it. One verb, one measurement, one line of JSON;
// script/measure store runs them in turns and makes tables of them.
//
//     store-bench deliver journal|maildir FOLDER --writers N --seconds S     durable deliveries for a time; with
//                                                                            --uids 1 a Maildir has a list of UIDs
//     store-bench fill journal|maildir FOLDER --messages N --octets N        one mailbox, or with --accounts many
//     store-bench mailbox journal|maildir FOLDER                             SELECT, FETCH FLAGS, STORE, EXPUNGE
//     store-bench restart FOLDER                                             opening, and the first account
//     store-bench corpus FOLDER FILE...                                      octets on disk by octet of mail

/// What the command line asks for.
struct BenchOptions: Sendable {
    var words: [String] = []
    private var values: [String: Int] = [:]

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                words.append(word)
                continue
            }
            values[word] = rest.popFirst().flatMap { Int($0) }
        }
    }

    func value(_ name: String, _ otherwise: Int) -> Int { values[name] ?? otherwise }
}

@main
enum StoreBench {
    static func main() {
        var options = BenchOptions(Array(CommandLine.arguments.dropFirst()))
        let verb = options.words.isEmpty ? "" : options.words.removeFirst()
        let chosen = options
        let status: Int32 = EventLoop.runBlocking(name: "bench") { loop in
            do {
                switch (verb, chosen.words.first, chosen.words.count) {
                case ("deliver", "journal", 2): try await JournalBench(chosen, loop).deliver()
                case ("deliver", "maildir", 2): try await MaildirBench(chosen).deliver()
                case ("fill", "journal", 2): try await JournalBench(chosen, loop).fill()
                case ("fill", "maildir", 2): try await MaildirBench(chosen).fill()
                case ("mailbox", "journal", 2): try await JournalBench(chosen, loop).mailbox()
                case ("mailbox", "maildir", 2): try MaildirBench(chosen).mailbox()
                case ("restart", _, 1): try await JournalBench(chosen, loop).restart()
                case ("corpus", _, 2...): try await JournalBench(chosen, loop).corpus()
                default:
                    print("usage: store-bench deliver|fill|mailbox journal|maildir FOLDER; restart|corpus FOLDER ...")
                    return 64
                }
                return 0
            } catch {
                print("failed \(error) \((error as? MailStoreError)?.detail ?? "")")
                return 1
            }
        }
        exit(status)
    }
}

/// One line of JSON with numbers.
struct Figures {
    private var fields: [String] = []

    mutating func add(_ name: String, _ value: Int) { fields.append("\"\(name)\": \(value)") }
    mutating func add(_ name: String, _ value: Double) { fields.append("\"\(name)\": \(value)") }

    /// Measures what `body` takes, in seconds and in seconds of CPU of this process.
    mutating func measure<Result>(_ name: String, _ body: () async throws -> Result) async rethrows -> Result {
        let (begun, used) = (Clock.now, Clock.cpu)
        let result = try await body()
        add(name, Clock.now - begun)
        add(name + " cpu", Clock.cpu - used)
        return result
    }

    func say() { print("{\(fields.joined(separator: ", "))}") }
}

enum Clock {
    static var now: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds of CPU that this process has used, in user and kernel mode.
    static var cpu: Double {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// Seconds that all processors together were not idle since the start of the machine, the kernel's own threads too.
    static var machineCPU: Double {
        guard let text = try? File.contents("/proc/stat") else { return 0 }
        let words = String(decoding: text.prefix { $0 != 10 }, as: UTF8.self).split(separator: " ")
        // user, nice, system, then idle and iowait, irq, softirq.
        let ticks = [1, 2, 3, 6, 7].compactMap { words.indices.contains($0) ? Int(words[$0]) : nil }
        return Double(ticks.reduce(0, +)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory now, in octets.
    static var memory: Int {
        guard let text = try? File.contents("/proc/self/statm") else { return 0 }
        let words = String(decoding: text, as: UTF8.self).split(separator: " ")
        return words.count > 1 ? (Int(words[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }
}

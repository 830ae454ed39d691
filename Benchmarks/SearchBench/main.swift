// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import MessageFormat
import SearchIndex

// Measures the search sidecar by itself: how fast texts are made and found, and what they take. See script/measure.
//
// usage: SearchBench FOLDER MESSAGES [MEAN-OCTETS]

/// Nanoseconds of processor time that this thread has used, in steps of some microseconds.
func threadTime() -> Int64 {
    var usage = rusage()
    // 1 is RUSAGE_THREAD, which Swift does not import.
    unsafe getrusage(1, &usage)
    return (Int64(usage.ru_utime.tv_sec) + Int64(usage.ru_stime.tv_sec)) * 1_000_000_000
        + (Int64(usage.ru_utime.tv_usec) + Int64(usage.ru_stime.tv_usec)) * 1000
}

func rounded(_ value: Double, _ digits: Int) -> String {
    let scale = pow(10, Double(digits))
    let whole = Int((value * scale).rounded())
    let fraction = String(whole % Int(scale))
    return digits == 0
        ? "\(whole)" : "\(whole / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

func key(_ number: Int) -> TextKey { TextKey(UInt64(number), check: UInt32(number)) }

/// Makes the texts of `count` messages; what it took.
func build(_ sidecar: TextSidecar, _ count: Int, _ meanOctets: Int) throws -> (texts: Double, blocks: Double, mail: Int)
{
    var mail = Mail(meanOctets: meanOctets)
    var block = TextBlock()
    var (texts, blocks, octets) = (0.0, 0.0, 0)
    for number in 0..<count {
        let message = mail.message(number)
        octets += message.count
        let structure = MessageStructure(parsing: message)
        let begun = threadTime()
        block.add(key(number), MessageText(of: message, structure))
        let made = threadTime()
        texts += Double(made - begun)
        guard block.isFull || number == count - 1 else { continue }
        try sidecar.append(block)
        block = TextBlock()
        blocks += Double(threadTime() - made)
    }
    return (texts / 1e9, blocks / 1e9, octets)
}

struct Found {
    var milliseconds: Double
    var processor: Double
    var longestSlice: Double
    var matches: Int
    var effort: SidecarSearch.Effort
}

/// The median of five searches.
func find(_ sidecar: TextSidecar, _ count: Int, _ terms: [(text: [UInt8], scope: MessageSearch.Scope)]) -> Found {
    let all = Array(0..<count)
    let runs = (0..<5).map { round -> Found in
        let term = terms[round % terms.count]
        let needle = SearchNeedle(String(decoding: term.text, as: UTF8.self))
        let search = TextSearch([MessageSearch.Term(needle, in: term.scope)], .term(0))
        let begun = CLinux_monotonic_time()
        let processor = threadTime()
        var longest: Int64 = 0
        let run = SidecarSearch(sidecar, search, all) { key($0) }
        while true {
            let slice = CLinux_monotonic_time()
            let isDone = run.step()
            longest = max(longest, CLinux_monotonic_time() - slice)
            if isDone { break }
        }
        let (matches, leftOver) = run.result
        precondition(leftOver.isEmpty, "a message has no text")
        let taken = CLinux_monotonic_time() - begun
        return Found(
            milliseconds: Double(taken) / 1e6,
            processor: Double(threadTime() - processor) / 1e6,
            longestSlice: Double(longest) / 1e6,
            matches: matches.count,
            effort: run.effort
        )
    }
    return runs.sorted { $0.milliseconds < $1.milliseconds }[2]
}

let arguments = CommandLine.arguments
guard arguments.count >= 3, let count = Int(arguments[2]), count > 0 else {
    fatalError("usage: SearchBench FOLDER MESSAGES [MEAN-OCTETS]")
}
let meanOctets = arguments.count > 3 ? Int(arguments[3]) ?? 2500 : 2500
let place = SidecarPlace(path: arguments[1] + "/accounts/07/7.text", identity: Array(1...16), account: 7)
let sidecar = TextSidecar(place)
sidecar.remove()
let built = try build(sidecar, count, meanOctets)
let state = sidecar.load()
let text = Double(state.textOctets)
print(
    "\(count) messages, \(rounded(Double(built.mail) / 1e6, 0)) MB of mail, \(rounded(text / 1e6, 0)) MB of text, \(state.blockCount) blocks"
)
print("| | |")
print("|---|---|")
print("| decode and fold, a message | \(rounded(built.texts / Double(count) * 1e6, 1)) µs |")
print("| compress, filter and write, a message | \(rounded(built.blocks / Double(count) * 1e6, 1)) µs |")
print("| messages a second and processor | \(rounded(Double(count) / (built.texts + built.blocks), 0)) |")
print("| texts on disk / text | \(rounded(Double(state.dataOctets) / text, 2)) |")
print("| directories and filters on disk / text | \(rounded(Double(state.indexOctets) / text, 3)) |")
let before = CLinux_monotonic_time()
sidecar.unload()
_ = sidecar.load()
print("| opened, files in the page cache | \(rounded(Double(CLinux_monotonic_time() - before) / 1e6, 1)) ms |")
let mail = Mail(meanOctets: meanOctets)
let rows: [(String, [(text: [UInt8], scope: MessageSearch.Scope)])] = [
    ("TEXT, a word in 1 of 20,000 messages", [(Mail.rare, .text)]),
    ("TEXT, the middle of it", [(Array(Mail.rare[2..<8]), .text)]),
    ("TEXT, five of the rarest words", (49_990..<49_995).map { (mail.word($0), .text) }),
    ("TEXT, a word in 9 of 10 messages", [(Mail.common, .text)]),
    ("TEXT, in no message, three letters", [(Array("zqx".utf8), .text)]),
    ("BODY, two letters", [(Array("zq".utf8), .body)]),
    ("FROM, one correspondent of 997", [(Array("p123@example.org".utf8), .header("From"))]),
    ("SUBJECT, a rare word", [(Mail.rare, .header("Subject"))]),
]
print("")
print("| SEARCH | ms | of the processor, ms | matches | blocks read of \(state.blockCount) | longest slice, ms |")
print("|---|---|---|---|---|---|")
for (name, terms) in rows {
    let found = find(sidecar, count, terms)
    print(
        "| \(name) | \(rounded(found.milliseconds, 1)) | \(rounded(found.processor, 1)) | \(found.matches) | \(found.effort.filtersPassed) "
            + "| \(rounded(found.longestSlice, 1)) |"
    )
}
var usage = rusage()
// 0 is RUSAGE_SELF, which Swift imports as another type.
unsafe getrusage(0, &usage)
print("\nlargest memory of the process: \(usage.ru_maxrss / 1024) MB")
sidecar.remove()

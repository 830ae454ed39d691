// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Messages of made-up words whose frequencies fall as Zipf's law has it, the same at every run.
struct Mail {
    /// In nine messages of ten.
    static let common = Array("ubiquitous".utf8)
    /// In one message of `rareInterval`.
    static let rare = Array("zyxquorumwv".utf8)
    static let rareInterval = 20_000
    private static let vocabulary = 50_000

    private var state: UInt64 = 42
    private let words: [[UInt8]]
    /// Sums of frequencies, to look a word up by a number from 0 to 1.
    private let sums: [Double]
    private let meanOctets: Int

    init(meanOctets: Int) {
        self.meanOctets = meanOctets
        var state: UInt64 = 7
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        // Letters as frequent as in English, so that runs of letters are as unevenly used.
        let letters = Array(
            "eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllcccuuummmwwffggyyppbbvk".utf8
        )
        words = (0..<Self.vocabulary).map { _ in
            (0..<(2 + Int((next() % 6) + (next() % 6)))).map { _ in letters[Int(next() % UInt64(letters.count))] }
        }
        var total = 0.0
        var sums: [Double] = []
        for rank in 1...Self.vocabulary {
            total += 1 / Double(rank)
            sums.append(total)
        }
        self.sums = sums.map { $0 / total }
    }

    /// A word of the vocabulary by its rank, the most frequent first.
    func word(_ rank: Int) -> [UInt8] { words[rank] }

    private mutating func random() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(UInt64(1) << 53)
    }

    private mutating func word() -> [UInt8] {
        let wanted = random()
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return words[low]
    }

    /// Message `number`, as it lies in the store: a short header and plain text.
    mutating func message(_ number: Int) -> [UInt8] {
        var message = Array(
            "From: Person \(number % 997) <p\(number % 997)@example.org>\r\nTo: me@example.test\r\nSubject: ".utf8
        )
        for _ in 0..<4 { message += word() + [0x20] }
        message += Array(
            "\r\nMessage-ID: <\(number)@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n".utf8
        )
        // Lengths between a fifth and 1.8 times the mean, and one text in fifty ten times as long.
        var octets = Int(Double(meanOctets) * 0.84 * (0.2 + 1.6 * random()))
        if number % 50 == 0 { octets *= 10 }
        let start = message.count
        var line = start
        if random() < 0.9 { message += Self.common + [0x20] }
        if number % Self.rareInterval == 777 { message += Self.rare + [0x20] }
        while message.count - start < octets {
            message += word()
            message.append(0x20)
            guard message.count - line > 70 else { continue }
            message += [0x0D, 0x0A]
            line = message.count
        }
        return message
    }
}

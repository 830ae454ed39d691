// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension MailCommand {
    /// By when the sender wants the message delivered (RFC 2852 §4).
    package struct DeliverBy: Sendable, Hashable {
        /// What happens when it is late.
        package enum Mode: String, Sendable, Hashable {
            /// The sender is told, and delivery goes on.
            case notify = "N"
            /// It goes back to its sender.
            case giveBack = "R"
        }

        /// Largest number of seconds, either way: nine digits.
        package static let maximumSeconds: Int64 = 999_999_999

        /// From now on; below zero when it is late already.
        package var seconds: Int64
        package var mode: Mode
        /// Every server on the way reports that it passed the message on.
        package var isTraced = false

        package init(seconds: Int64, mode: Mode, isTraced: Bool = false) {
            self.seconds = min(max(seconds, -Self.maximumSeconds), Self.maximumSeconds)
            self.mode = mode
            self.isTraced = isTraced
        }

        /// What is left of it after some time.
        package func after(seconds elapsed: Int64) -> DeliverBy {
            DeliverBy(seconds: seconds.saturatingSubtract(elapsed), mode: mode, isTraced: isTraced)
        }

        // by-value = by-time ";" by-mode [by-trace]
        // by-time = ["-" / "+"] 1*9digit, by-mode = "N" / "R", by-trace = "T"    RFC 2852 §4
        init(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) {
            let expected = "BY=seconds;N or R"
            let parts = ASCII.uppercased(try parameter.required(expected)).utf8
                .split(separator: 0x3B, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw parameter.invalid(expected) }
            let isNegative = parts[0].first == 0x2D
            let digits = isNegative || parts[0].first == 0x2B ? parts[0].dropFirst() : parts[0]
            let trace = parts[1].count == 2 && parts[1].last == UInt8(ascii: "T")
            guard (1...9).contains(digits.count), let seconds = Decimal.parse(digits, maximum: 999_999_999),
                let mode = String(parts[1].prefix(1)).flatMap(Mode.init(rawValue:)), trace || parts[1].count == 1
            else { throw parameter.invalid(expected) }
            // What is to go back when it is late must have time left (RFC 2852 §4).
            guard mode == .notify || (!isNegative && seconds > 0) else {
                throw parameter.invalid("more than 0 seconds with BY=seconds;R")
            }
            self.init(seconds: isNegative ? -Int64(seconds) : Int64(seconds), mode: mode, isTraced: trace)
        }

        var text: String { "\(seconds);\(mode.rawValue)\(isTraced ? "T" : "")" }
    }
}

extension Int64 {
    /// The difference, or the end of the range that it is beyond.
    fileprivate func saturatingSubtract(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}

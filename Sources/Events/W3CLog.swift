// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Locking

/// A log in the W3C's extended format, which log analysers read: a line for each command of a session and its reply.
///
/// Kept in memory until `flush`; what the disk does not take in time is left out and counted in a `#Remark`. Fields are
/// those of the classic protocol log; none of them holds a secret or message content.
package final class W3CLog: Sendable {
    package struct Options: Sendable, Equatable {
        package var isOn = false
        package var keptSeconds: Int64 = 14 * 86_400
        package var maximumOctets: Int64 = 1 << 30

        package init() {}
    }

    /// One command and its reply.
    package struct Entry: Sendable, Hashable {
        package var clientAddress = ""
        package var clientPort: UInt16 = 0
        package var user = ""
        /// The listener, as settings name it: `smtp/1`.
        package var site = ""
        package var method = ""
        /// What came behind the command's name.
        package var query = ""
        package var status: UInt16 = 0
        package var sentOctets = 0
        package var receivedOctets: UInt64 = 0
        package var milliseconds: Int64 = 0
        /// What the client calls itself.
        package var host = ""

        package init() {}
    }

    private static let maximumWaiting = 8 << 20
    static let fields =
        "date time c-ip c-port cs-username s-sitename cs-method cs-uri-query sc-status sc-bytes cs-bytes time-taken cs-host"
    static let suffix = "log"

    private struct State {
        var options: Options
        var waiting: [UInt8] = []
        var left = 0
    }

    private let state: Lock<State>
    /// Held across writing, which only `flush` does.
    private let file: Lock<DailyFile>

    package init(folder: String, process: String, options: Options = Options()) {
        state = Lock(State(options: options))
        let heading = "#Version: 1.0\n#Software: Martlet\n#Fields: \(Self.fields)\n"
        file = Lock(DailyFile(folder: folder, process: process, suffix: Self.suffix, heading: Array(heading.utf8)))
    }

    package var isOn: Bool { state.withLock { $0.options.isOn } }

    package func replace(options: Options) { state.withLock { $0.options = options } }

    package func record(_ entry: Entry) {
        let line = Array(Self.line(entry, at: CLinux_realtime()).utf8)
        state.withLock { state in
            guard state.options.isOn else { return }
            guard state.waiting.count + line.count <= Self.maximumWaiting else { return state.left += 1 }
            state.waiting += line
        }
    }

    static func line(_ entry: Entry, at time: Int64) -> String {
        let moment = Timestamp.text(nanoseconds: time, fractionDigits: 0)
        let texts = [
            String(moment.prefix(10)), String(moment.dropFirst(11).prefix(8)), entry.clientAddress,
            "\(entry.clientPort)", entry.user, entry.site, entry.method, entry.query, "\(entry.status)",
            "\(entry.sentOctets)", "\(entry.receivedOctets)", "\(entry.milliseconds)", entry.host,
        ]
        return texts.map(field).joined(separator: " ") + "\n"
    }

    /// Blanks are what divides fields.
    private static func field(_ text: String) -> String {
        guard !text.isEmpty else { return "-" }
        let cut = text.utf8.count <= 1024 ? text : String(decoding: text.utf8.prefix(1024), as: UTF8.self)
        return PrintableText.escaped(cut).replacing(" ", with: "+")
    }

    /// Writes what waits and deletes old files.
    ///
    /// Blocks.
    package func flush() {
        let (bytes, left, options) = state.withLock { state in
            defer { (state.waiting, state.left) = ([], 0) }
            return (state.waiting, state.left, state.options)
        }
        file.withLock { file in
            if left > 0 { file.append(Array("#Remark: \(left) lines are missing\n".utf8)) }
            if !bytes.isEmpty, !file.append(bytes) {
                state.withLock { $0.left += 1 }
            }
            if options.isOn || file.isOpen {
                file.tidy(keeping: options.keptSeconds, maximumOctets: options.maximumOctets)
            }
        }
    }
}

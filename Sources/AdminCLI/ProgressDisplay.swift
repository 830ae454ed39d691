// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Tells on standard error how far something is: a bar on a terminal, else a line now and then.
struct ProgressDisplay {
    private static let barWidth = 24
    private static let terminalInterval = Duration.milliseconds(200)
    private static let quietInterval = Duration.seconds(15)

    private let terminal: Terminal
    private let begun = ContinuousClock.now
    private var last: ContinuousClock.Instant
    private var isShown = false

    init(_ terminal: Terminal) {
        self.terminal = terminal
        last = begun
    }

    private var isBar: Bool { terminal.showsProgress }

    /// - Parameters:
    ///   - fraction: from 0 to 1; `nil` when nobody knows.
    ///   - count: how many of `unit` are done.
    mutating func update(_ fraction: Double?, count: Int64, unit: String, octets: UInt64? = nil) {
        let now = ContinuousClock.now
        guard now - last >= (isBar ? Self.terminalInterval : Self.quietInterval) else { return }
        last = now
        let seconds = max(0.001, Self.seconds(now - begun))
        var parts = ["\(Self.grouped(count)) \(unit)", "\(Self.grouped(Int64(Double(count) / seconds)))/s"]
        if let octets { parts.append("\(Self.size(Double(octets) / seconds))/s") }
        if let fraction, fraction > 0.001 {
            parts.insert("\(Int(fraction * 100)) %", at: 0)
            parts.append("\(Self.clock(seconds * (1 - fraction) / fraction)) left")
        }
        guard isBar else { return terminal.complain(parts.joined(separator: ", ") + "\n") }
        let filled = Int(min(1, max(0, fraction ?? 0)) * Double(Self.barWidth))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
        terminal.complain("\r\u{1B}[K\(fraction == nil ? "" : "[\(bar)] ")\(parts.joined(separator: "  "))")
        isShown = true
    }

    /// Takes the bar away.
    mutating func end() {
        if isShown { terminal.complain("\r\u{1B}[K") }
        isShown = false
    }

    /// Since the display was made.
    var elapsed: Double { Self.seconds(ContinuousClock.now - begun) }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    static func grouped(_ number: Int64) -> String {
        var digits = Array(String(number.magnitude))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return (number < 0 ? "-" : "") + String(digits)
    }

    static func size(_ octets: Double) -> String {
        var (number, unit) = (octets, 0)
        let units = ["B", "kB", "MB", "GB", "TB"]
        while number >= 1000, unit < units.count - 1 { (number, unit) = (number / 1000, unit + 1) }
        let tenths = Int64((number * 10).rounded())
        return unit == 0 || tenths >= 1000
            ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    static func clock(_ seconds: Double) -> String {
        let whole = Int64(min(max(0, seconds), 359_999))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = (rest < 10 ? "0" : "") + String(rest)
        return hours > 0 ? "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(tail)" : "\(minutes):\(tail)"
    }
}

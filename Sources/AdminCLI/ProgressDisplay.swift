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

    /// As `update` below, of octets.
    ///
    /// - Parameter verb: what was done to them: "read".
    mutating func update(octets done: Int64, of total: Int64, _ verb: String) {
        guard isDue() else { return }
        let rate = Double(done) / elapsed
        var parts = ["\(Self.size(Double(done))) \(verb)", "\(Self.size(rate))/s"]
        let fraction = total > 0 ? min(1, Double(done) / Double(total)) : nil
        add(fraction, to: &parts)
        show(fraction, parts)
    }

    /// - Parameters:
    ///   - fraction: from 0 to 1; `nil` when nobody knows.
    ///   - count: how many of `unit` are done.
    mutating func update(_ fraction: Double?, count: Int64, unit: String, octets: UInt64? = nil) {
        guard isDue() else { return }
        var parts = ["\(Self.grouped(count)) \(unit)", "\(Self.grouped(Int64(Double(count) / elapsed)))/s"]
        if let octets { parts.append("\(Self.size(Double(octets) / elapsed))/s") }
        add(fraction, to: &parts)
        show(fraction, parts)
    }

    private mutating func isDue() -> Bool {
        let now = ContinuousClock.now
        guard now - last >= (isBar ? Self.terminalInterval : Self.quietInterval) else { return false }
        last = now
        return true
    }

    private func add(_ fraction: Double?, to parts: inout [String]) {
        guard let fraction, fraction > 0.001 else { return }
        parts.insert("\(Int(fraction * 100)) %", at: 0)
        parts.append("\(Self.clock(elapsed * (1 - fraction) / fraction)) left")
    }

    private mutating func show(_ fraction: Double?, _ parts: [String]) {
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
    var elapsed: Double { max(0.001, Self.seconds(ContinuousClock.now - begun)) }

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

// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How many single edits (insert, delete, replace, swap of neighbours) lie between names: for "did you mean".
public enum NearestName {
    /// The candidate that `name` was most likely meant to be; `nil` when none is close.
    ///
    /// Names above 128 octets are not compared.
    public static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(ASCII.lowercased(name).utf8)
        guard wanted.count <= 128 else { return nil }
        let allowed = max(1, wanted.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let other = Array(ASCII.lowercased(candidate).utf8)
            guard other.count <= 128, abs(other.count - wanted.count) <= allowed else { continue }
            let distance = edits(wanted, other)
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, beforeLast[j - 1] + 1) }
                row.append(least)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}

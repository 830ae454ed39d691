// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

enum ProgramEnvironment {
    /// The version, as `martlet --version` tells it.
    static let version = "0.1.0"

    static var variables: [String: String] {
        var variables: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe next += 1
        }
        return variables
    }
}

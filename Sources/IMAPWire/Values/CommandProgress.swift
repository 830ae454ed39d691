// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// How far a command is (RFC 9585 §4).
package struct CommandProgress: Hashable, Sendable {
    /// Of the command; `nil` where a code may not have its octets.
    package var tag: [UInt8]?
    /// What is done, in units of the command's own; `nil` when that is not known.
    package var done: UInt32?
    /// What `done` will be at the end, above 0; `nil` when that is not known, as where `done` is not.
    package var goal: UInt32?

    package init(tag: [UInt8]?, done: UInt32? = nil, goal: UInt32? = nil) {
        self.tag = tag
        self.done = done
        self.goal = done == nil || goal == 0 ? nil : goal
    }
}

extension WireEncoder {
    // SP "(" inprogress-tag SP inprogress-state ")"; inprogress-state = nil SP nil / number SP nil / number SP nz-number
    // RFC 9585 §5
    mutating func commandProgress(_ progress: CommandProgress) {
        raw(" (")
        if let tag = progress.tag { string(tag) } else { raw("NIL") }
        for value in [progress.done, progress.goal] {
            space()
            if let value { number(value) } else { raw("NIL") }
        }
        raw(")")
    }
}

extension WireScanner {
    /// Behind the name of the code.
    mutating func commandProgress() throws(IMAPSyntaxError) -> CommandProgress? {
        guard accept(ASCII.space) else { return nil }
        try open()
        let tag = try nstring("a tag or NIL")
        try space()
        let done = acceptWord("NIL") ? nil : try number()
        try space()
        let start = offset
        let goal = acceptWord("NIL") ? nil : try positiveNumber("a number above 0")
        guard goal == nil || done != nil else { throw failure("NIL", at: start) }
        try close()
        return CommandProgress(tag: tag, done: done, goal: goal)
    }
}

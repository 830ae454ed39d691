// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Conversations, as THREAD answers them (RFC 5256 §4): trees of messages.
///
/// Flat, since people answer one another without end: nothing here recurses over the depth of a conversation.
package struct ThreadForest: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        /// `nil` where messages belong together and none that is here stands above them.
        package var number: UInt32?
        /// Places in `nodes`, in order.
        package var children: [Int]

        package init(_ number: UInt32?, _ children: [Int] = []) {
            self.number = number
            self.children = children
        }
    }

    package var nodes: [Node]
    package var roots: [Int]

    package init(nodes: [Node] = [], roots: [Int] = []) {
        self.nodes = nodes
        self.roots = roots
    }

    /// Deepest answer that is read; servers write them without a bound.
    package static let maximumDepth = 200
}

extension WireEncoder {
    // thread-list = "(" (thread-members / thread-nested) ")"
    // thread-members = nz-number *(SP nz-number) [SP thread-nested]; thread-nested = 2*thread-list    RFC 5256 §5
    mutating func threads(_ forest: ThreadForest) {
        var open: [ArraySlice<Int>] = [forest.roots[...]]
        while let level = open.last {
            guard let next = level.first else {
                open.removeLast()
                if !open.isEmpty { raw(")") }
                continue
            }
            open[open.count - 1].removeFirst()
            raw("(")
            var node = forest.nodes[next]
            if let number = node.number { self.number(number) }
            // An answer to an answer stands on the same line.
            while node.children.count == 1, let number = forest.nodes[node.children[0]].number {
                space()
                self.number(number)
                node = forest.nodes[node.children[0]]
            }
            if node.number != nil, !node.children.isEmpty { space() }
            open.append(node.children[...])
        }
    }
}

extension WireScanner {
    mutating func threads() throws(IMAPSyntaxError) -> ThreadForest {
        var forest = ThreadForest()
        while peek() == 0x28 { forest.roots.append(try thread(into: &forest, depth: 0)) }
        return forest
    }

    private mutating func thread(into forest: inout ThreadForest, depth: Int) throws(IMAPSyntaxError) -> Int {
        guard depth < ThreadForest.maximumDepth else {
            throw failure("at most \(ThreadForest.maximumDepth) levels of threads")
        }
        try open()
        var line: [UInt32] = []
        var children: [Int] = []
        if peek() != 0x28 { line.append(try positiveNumber()) }
        while !accept(0x29) {
            if children.isEmpty, !line.isEmpty { try space() }
            if peek() == 0x28 {
                children.append(try thread(into: &forest, depth: depth + 1))
            } else {
                guard children.isEmpty else { throw failure("\")\"") }
                line.append(try positiveNumber())
            }
        }
        guard children.count != 1 else { throw failure("two threads at least") }
        forest.nodes.append(ThreadForest.Node(line.popLast(), children))
        while let number = line.popLast() {
            forest.nodes.append(ThreadForest.Node(number, [forest.nodes.count - 1]))
        }
        return forest.nodes.count - 1
    }
}

// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire
package import MessageFormat

/// What THREAD has to know of a message.
package struct ThreadedMessage: Sendable {
    /// As the client knows it.
    package var number: UInt32
    /// When it was sent, in seconds since 1970.
    package var sent: Int64
    package var subject: BaseSubject
    package var id: [UInt8]?
    /// The ids it answers, the nearest last.
    package var references: [[UInt8]]

    package init(
        number: UInt32,
        sent: Int64,
        subject: BaseSubject,
        id: [UInt8]? = nil,
        references: [[UInt8]] = []
    ) {
        self.number = number
        self.sent = sent
        self.subject = subject
        self.id = id
        self.references = references
    }
}

extension ThreadForest {
    /// Messages of one subject belong together: the first that was sent, and the others below it (RFC 5256 §3
    /// ORDEREDSUBJECT).
    package init(bySubject messages: [ThreadedMessage]) {
        let order = messages.indices.sorted { a, b in
            let (first, second) = (messages[a], messages[b])
            if first.subject.key != second.subject.key { return first.subject.key < second.subject.key }
            return (first.sent, a) < (second.sent, b)
        }
        self.init(nodes: messages.map { Node($0.number) })
        for place in order {
            if let root = roots.last, messages[root].subject.key == messages[place].subject.key {
                nodes[root].children.append(place)
            } else {
                roots.append(place)
            }
        }
        roots.sort { (messages[$0].sent, $0) < (messages[$1].sent, $1) }
    }

    /// Messages belong below those they answer, and what is left is joined by subject (RFC 5256 §3 REFERENCES).
    package init(byReferences messages: [ThreadedMessage]) {
        var builder = ReferenceThreads(messages)
        builder.gatherBySubject()
        self = builder.forest()
    }
}

/// Steps 1 to 6 of REFERENCES.
///
/// Places below the count of messages are messages; those from there on stand for ids that no message here has, and for
/// what joins subjects.
private struct ReferenceThreads {
    private let messages: [ThreadedMessage]
    private var parents: [Int?]
    /// Whether anything was ever put below a place: below one that has nothing, nothing can be.
    private var isParent: [Bool]
    private var children: [[Int]] = []
    private var roots: [Int] = []
    /// Steps that may be taken up the tree to find loops: whoever makes them run out gets trees that are less deep.
    private var budget = 20_000_000

    /// Steps 1 to 3.
    init(_ messages: [ThreadedMessage]) {
        self.messages = messages
        parents = Array(repeating: nil, count: messages.count)
        isParent = Array(repeating: false, count: messages.count)
        link()
        gather()
        prune()
    }

    private func isDummy(_ place: Int) -> Bool { place >= messages.count }

    // MARK: Step 1

    private mutating func link() {
        var places: [[UInt8]: Int] = [:]
        for (place, message) in messages.enumerated() {
            // An id that another message has already is no id.
            if let id = message.id, places[id] == nil { places[id] = place }
        }
        for (place, message) in messages.enumerated() {
            var last: Int?
            for id in message.references {
                let next = places[id] ?? parents.count
                if next == parents.count {
                    parents.append(nil)
                    isParent.append(false)
                    places[id] = next
                }
                if let above = last, parents[next] == nil { put(next, below: above) }
                last = next
            }
            // What others say of this message counts less than what it says itself.
            parents[place] = nil
            if let above = last { put(place, below: above) }
        }
    }

    /// Unless that makes a loop.
    private mutating func put(_ place: Int, below above: Int) {
        guard place != above, !isParent[place] || !isBelow(above, place) else { return }
        parents[place] = above
        isParent[above] = true
    }

    private mutating func isBelow(_ place: Int, _ other: Int) -> Bool {
        var next: Int? = place
        while let here = next {
            budget -= 1
            if here == other || budget < 0 { return true }
            next = parents[here]
        }
        return false
    }

    // MARK: Steps 2 and 3

    private mutating func gather() {
        children = Array(repeating: [], count: parents.count)
        for place in parents.indices {
            if let parent = parents[place] { children[parent].append(place) } else { roots.append(place) }
        }
    }

    /// Takes out what stands for no message; its children take its place, but not among the roots unless it has one.
    private mutating func prune() {
        var order = roots
        var next = 0
        while next < order.count {
            order += children[order[next]]
            next += 1
        }
        for place in order.reversed() where children[place].contains(where: isDummy) {
            children[place] = children[place].flatMap { isDummy($0) ? children[$0] : [$0] }
        }
        roots = roots.flatMap { root in isDummy(root) && children[root].count <= 1 ? children[root] : [root] }
    }

    // MARK: Steps 4 and 5

    private func sent(_ place: Int) -> (Int64, Int) {
        let first = isDummy(place) ? children[place].first ?? place : place
        return isDummy(first) ? (0, first) : (messages[first].sent, first)
    }

    private func subject(_ place: Int) -> BaseSubject {
        let first = isDummy(place) ? children[place].first ?? place : place
        return isDummy(first) ? BaseSubject(nil) : messages[first].subject
    }

    private mutating func sortChildren(of place: Int) {
        children[place] = children[place].sorted { sent($0) < sent($1) }
    }

    mutating func gatherBySubject() {
        for root in roots where isDummy(root) { sortChildren(of: root) }
        roots = roots.sorted { sent($0) < sent($1) }
        var table = subjects()
        var moved: Set<Int> = []
        for root in roots where !moved.contains(root) {
            let key = subject(root).key
            guard !key.isEmpty, let other = table[key], other != root else { continue }
            moved.insert(root)
            if let made = join(root, to: other) {
                moved.insert(other)
                table[key] = made
                roots.append(made)
            }
        }
        roots = roots.filter { !moved.contains($0) }
    }

    /// For each subject the thread that the others are joined to.
    private func subjects() -> [CollationKey: Int] {
        var table: [CollationKey: Int] = [:]
        for root in roots {
            let subject = subject(root)
            guard !subject.key.isEmpty else { continue }
            guard let known = table[subject.key] else {
                table[subject.key] = root
                continue
            }
            let isBetter = isDummy(root) || self.subject(known).isReply && !subject.isReply
            if !isDummy(known), isBetter { table[subject.key] = root }
        }
        return table
    }

    /// Puts a thread below another of its subject, or both below what this returns.
    private mutating func join(_ root: Int, to other: Int) -> Int? {
        if isDummy(other) {
            children[other] += isDummy(root) ? children[root] : [root]
        } else if subject(root).isReply, !subject(other).isReply {
            children[other].append(root)
        } else {
            children.append([other, root])
            return children.count - 1
        }
        return nil
    }

    // MARK: Step 6

    mutating func forest() -> ThreadForest {
        for place in children.indices where children[place].count > 1 { sortChildren(of: place) }
        roots = roots.sorted { sent($0) < sent($1) }
        let nodes = children.indices.map { place in
            ThreadForest.Node(isDummy(place) ? nil : messages[place].number, children[place])
        }
        return ThreadForest(nodes: nodes, roots: roots)
    }
}

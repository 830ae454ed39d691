// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire

extension ThreadForest {
    /// Messages of one subject belong together: the first that was sent, and the others below it (RFC 5256 §3
    /// ORDEREDSUBJECT).
    package init(bySubject messages: [ThreadedMessage]) { self.init(bySubject: ThreadedMessages(messages)) }

    /// Messages belong below those they answer, and what is left is joined by subject (RFC 5256 §3 REFERENCES).
    package init(byReferences messages: [ThreadedMessage]) { self.init(byReferences: ThreadedMessages(messages)) }

    init(bySubject messages: ThreadedMessages) {
        let order = messages.indices.sorted { a, b in
            let (first, second) = (messages[a], messages[b])
            return (first.subject, first.sent, a) < (second.subject, second.sent, b)
        }
        self.init(nodes: messages.indices.map { Node(messages[$0].number) })
        for place in order {
            if let root = roots.last, messages[root].subject == messages[place].subject {
                nodes[root].children.append(place)
            } else {
                roots.append(place)
            }
        }
        roots.sort { (messages[$0].sent, $0) < (messages[$1].sent, $1) }
    }

    init(byReferences messages: ThreadedMessages) {
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
    private let messages: ThreadedMessages
    private var parents: [Int?]
    /// Whether anything was ever put below a place: below one that has nothing, nothing can be.
    private var isParent: [Bool]
    private var children: [[Int]] = []
    private var roots: [Int] = []
    /// Steps that may be taken up the tree to find loops: whoever makes them run out gets trees that are less deep.
    private var budget = 20_000_000

    /// Steps 1 to 3.
    init(_ messages: ThreadedMessages) {
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
        // Of each id, by its number.
        var places = [Int?](repeating: nil, count: messages.idCount)
        for place in messages.indices {
            let id = Int(messages[place].id)
            // An id that another message has already is no id.
            if id >= 0, places[id] == nil { places[id] = place }
        }
        for place in messages.indices {
            var last: Int?
            for id in messages.answered(place) {
                let next = places[Int(id)] ?? parents.count
                if next == parents.count {
                    parents.append(nil)
                    isParent.append(false)
                    places[Int(id)] = next
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

    /// 0 where there is none.
    private func subject(_ place: Int) -> (number: Int, isReply: Bool) {
        let first = isDummy(place) ? children[place].first ?? place : place
        return isDummy(first) ? (0, false) : (Int(messages[first].subject), messages[first].isReply)
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
            let number = subject(root).number
            guard number > 0, let other = table[number], other != root else { continue }
            moved.insert(root)
            if let made = join(root, to: other) {
                moved.insert(other)
                table[number] = made
                roots.append(made)
            }
        }
        roots = roots.filter { !moved.contains($0) }
    }

    /// For each subject the thread that the others are joined to.
    private func subjects() -> [Int?] {
        var table = [Int?](repeating: nil, count: messages.subjectCount)
        for root in roots {
            let subject = subject(root)
            guard subject.number > 0 else { continue }
            guard let known = table[subject.number] else {
                table[subject.number] = root
                continue
            }
            let isBetter = isDummy(root) || self.subject(known).isReply && !subject.isReply
            if !isDummy(known), isBetter { table[subject.number] = root }
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

// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SMTPWire

/// All connectors, and the choice between them.
package struct RoutingTable: Sendable, Hashable {
    /// The connector that is always there, for what no other has an address space for.
    package static let directName = "direct"

    /// In the order of their names.
    package let connectors: [Connector]
    package let direct: Connector
    /// What holds for single domains, in the order of their names.
    package let rules: [DomainRule]

    package init(_ connectors: [Connector], direct: Connector, rules: [DomainRule] = []) {
        self.connectors = connectors.sorted { $0.name < $1.name }
        self.direct = direct
        self.rules = rules.sorted { $0.name < $1.name }
    }

    /// The closest rule for a domain; of equally close ones the first by name.
    package func rule(for domain: Domain) -> DomainRule? {
        var closest: (rule: DomainRule, closeness: Int)?
        for rule in rules {
            guard let closeness = rule.closeness(to: domain), closeness > closest?.closeness ?? -1 else { continue }
            closest = (rule, closeness)
        }
        return closest?.rule
    }

    /// Groups whose members a connector takes or does not take.
    package var groups: Set<MailboxAddress> {
        let patterns = connectors.flatMap { $0.restrictions.allowedSenders + $0.restrictions.deniedSenders }
        return Set(patterns.compactMap { if case .group(let address) = $0 { address } else { nil } })
    }

    /// The connector of this name.
    package subscript(name: String) -> Connector? {
        name == Self.directName ? direct : connectors.first { $0.name == name }
    }

    package func decide(_ question: RouteQuestion) -> RouteDecision { trace(question).decision }

    /// One thing that was found on the way to a decision.
    package struct Step: Sendable, Hashable {
        package let connector: Connector
        /// What covers the recipient; `nil` when nothing does.
        package let space: AddressSpace?
        /// Why the connector does not take the message.
        package let refusal: SMTPReply?
        /// Whether it is among those that are used.
        package var isChosen = false
    }

    /// How a decision comes about.
    package struct Trace: Sendable, Hashable {
        package var decision: RouteDecision
        package var steps: [Step]
        /// What holds for the recipient's domain.
        package var rule: DomainRule?
    }

    /// The decision with all that led to it.
    package func trace(_ question: RouteQuestion) -> Trace {
        let rule = rule(for: question.recipient.domain)
        if let maximum = rule?.maximumSize, let size = question.size, size > maximum {
            let text = "Messages for this domain have at most \(maximum) octets"
            return Trace(decision: .refused(SMTPReply(552, .messageTooBig, text)), steps: [], rule: rule)
        }
        var trace = trace(question, rule)
        trace.rule = rule
        return trace
    }

    private func trace(_ question: RouteQuestion, _ rule: DomainRule?) -> Trace {
        // A connector that a rule names is used, and no other; one that is not there is no reason to hold mail.
        let named = rule?.connector.flatMap { self[$0] }
        if let named, named.name == Self.directName {
            let step = Step(connector: direct, space: direct.spaces.first, refusal: nil, isChosen: true)
            return Trace(decision: .routes([Route(direct, question, rule)]), steps: [step])
        }
        var steps = (named.map { [$0] } ?? connectors).map { connector in
            let space =
                named == nil ? connector.space(for: question.recipient.domain) : connector.spaces.first
            return Step(
                connector: connector,
                space: space,
                refusal: space == nil ? nil : connector.restrictions.refusal(question)
            )
        }
        let covering = steps.filter { $0.space != nil }
        guard !covering.isEmpty else {
            let step = Step(connector: direct, space: direct.spaces.first, refusal: nil, isChosen: true)
            return Trace(decision: .routes([Route(direct, question, rule)]), steps: steps + [step])
        }
        let taking = covering.filter { $0.refusal == nil }
        guard !taking.isEmpty else {
            let refusal = covering.max(by: Self.isLessClose)?.refusal ?? SMTPReply(550, .notAuthorized)
            return Trace(decision: .refused(refusal), steps: steps)
        }
        let closeness = taking.map { Self.closeness($0) }.max() ?? 0
        let chosen = taking.filter { Self.closeness($0) == closeness && $0.connector.isEnabled }
            .sorted { ($0.cost, $0.connector.name) < ($1.cost, $1.connector.name) }
        guard !chosen.isEmpty else {
            let text = "The connector for this domain is switched off"
            return Trace(decision: .waits(SMTPReply(451, .unableToRoute, text)), steps: steps)
        }
        for index in steps.indices {
            steps[index].isChosen = chosen.contains { $0.connector == steps[index].connector }
        }
        return Trace(decision: .routes(chosen.map { Route($0.connector, question, rule) }), steps: steps)
    }

    private static func closeness(_ step: Step) -> Int { step.space?.pattern.closeness ?? -1 }
    private static func isLessClose(_ a: Step, _ b: Step) -> Bool { closeness(a) < closeness(b) }
}

extension RoutingTable.Step {
    fileprivate var cost: Int { space?.cost ?? AddressSpace.costs.upperBound }
}

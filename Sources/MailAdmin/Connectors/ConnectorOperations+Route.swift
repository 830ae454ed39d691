// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Directory
internal import MailTypes
internal import Routing
internal import Runtime
internal import SMTPWire

extension ConnectorOperations {
    /// What would be done with a message to an address.
    func explain(_ request: AdminRequest) async throws(AdminError) -> JSONValue {
        let text = request.path[2]
        guard let address = MailboxAddress(text) else {
            throw AdminError(.invalid, "\"\(PrintableText.escaped(text))\" is not an address.")
        }
        let resolution = await directory?.resolve(address) ?? .temporary
        let category = resolution.category(of: address)
        var answer: [JSONMember] = [
            JSONMember("address", .string(address.description)), JSONMember("category", .string(category)),
        ]
        if case .accounts(let recipients) = resolution {
            answer.append(JSONMember("accounts", .strings(recipients.map { "\($0.address)" })))
        }
        if case .expanded(let expansion) = resolution { answer += try await members(of: expansion, request) }
        guard case .notLocal = resolution else { return .object(answer) }
        return .object(answer + (await decision(try await question(address, request))))
    }

    /// Whom an address stands for, and where each of them is.
    private func members(of expansion: Expansion, _ request: AdminRequest) async throws(AdminError) -> [JSONMember] {
        var members: [JSONValue] = []
        for member in expansion.members.prefix(1000) {
            var shown = [
                JSONMember("address", .string("\(member.place.address)")),
                JSONMember("sender", .optional(member.sender?.description)),
            ]
            if case .remote(let address) = member.place {
                shown.append(JSONMember("category", .string("relay")))
                shown += await decision(try await question(address, request))
            } else {
                shown.append(JSONMember("category", .string("local")))
            }
            members.append(.object(shown))
        }
        var answer = [
            JSONMember("members", .array(members)), JSONMember("count", .optional(expansion.members.count)),
        ]
        if let group = expansion.group {
            answer.append(JSONMember("owner", .optional(group.owner?.description)))
            answer.append(JSONMember("senders", .strings(group.senders.words)))
        }
        return answer
    }

    private func question(
        _ address: MailboxAddress,
        _ request: AdminRequest
    ) async throws(AdminError) -> RouteQuestion {
        var question = RouteQuestion(address, from: .null)
        if let sender = request["sender"], sender != "<>" {
            guard let sender = MailboxAddress(sender) else {
                throw AdminError(.invalid, "The sender is not an address.")
            }
            question.sender = .address(sender)
            let folded = LocalPart(sender.localPart.folded).map { MailboxAddress(localPart: $0, domain: sender.domain) }
            for group in await table().groups {
                guard let folded, await directory?.members(of: group)?.contains(folded) == true else { continue }
                question.groups.insert(group)
            }
        }
        question.size = try request.number("size", in: 0...Int(Int32.max)).map { UInt64($0) }
        if let text = request["priority"] {
            guard let priority = MessagePriority(rawValue: text) else {
                throw AdminError(.invalid, "The priority is low, normal or urgent.")
            }
            question.priority = priority
        }
        return question
    }

    private func decision(_ question: RouteQuestion) async -> [JSONMember] {
        let trace = await table().trace(question)
        var members = [
            JSONMember("steps", .array(trace.steps.map(\.json))), JSONMember("rule", .optional(trace.rule?.name)),
        ]
        switch trace.decision {
        case .routes(let routes):
            members.append(JSONMember("decision", .string("route")))
            members.append(JSONMember("routes", .array(routes.map(\.json))))
        case .refused(let reply):
            members.append(JSONMember("decision", .string("refused")))
            members.append(JSONMember("reply", .string(reply.summary)))
        case .waits(let reply):
            members.append(JSONMember("decision", .string("waits")))
            members.append(JSONMember("reply", .string(reply.summary)))
        }
        return members
    }
}

extension Resolution {
    fileprivate func category(of address: MailboxAddress) -> String {
        switch self {
        case .accounts(let recipients):
            recipients.count == 1 && recipients[0].address.domain == address.domain
                && recipients[0].address.localPart.folded == address.localPart.folded ? "local" : "alias"
        case .expanded(let expansion): expansion.group == nil ? "forward" : "group"
        case .unknown: "unknown"
        case .disabled: "disabled"
        case .notLocal: "relay"
        case .temporary: "later"
        }
    }
}

extension Route {
    fileprivate var json: JSONValue {
        let now = WallClock.seconds
        let opening = schedule.nextOpening(from: now, .system)
        return [
            "connector": .string(connector.name), "nextHop": .string("\(nextHop)"), "destination": .string(key),
            "security": .string(connector.security.rawValue), "user": .optional(connector.user),
            "schedule": .string(schedule.description), "open": .bool(opening == now),
            "opensAt": .optional(opening.map { MailDate(secondsSince1970: $0).headerText }),
            "held": .bool(connector.isHeld),
        ]
    }
}

extension RoutingTable.Step {
    fileprivate var json: JSONValue {
        let result =
            if space == nil {
                "has no address space for it"
            } else if let refusal {
                "does not take it: \(refusal.summary)"
            } else if !connector.isEnabled {
                "is switched off"
            } else {
                isChosen ? "is used" : "has an address space less close"
            }
        return [
            "connector": .string(connector.name), "space": .optional(space.map { "\($0.pattern)" }),
            "cost": .optional(space.map { UInt64($0.cost) }), "result": .string(result),
        ]
    }
}

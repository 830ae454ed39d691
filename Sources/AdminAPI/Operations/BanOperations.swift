// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

let banRoutes = [
    AdminRoute(.get, "v1/auth/bans") { (_, context) throws(AdminError) in
        .array(try await context.requireDirectory().banRecords().map(\.json))
    },
    AdminRoute(.post, "v1/auth/bans") { (request, context) throws(AdminError) in
        let seconds = request.body?["seconds"]?.integer ?? 3600
        guard (1...maximumBanSeconds).contains(seconds) else {
            throw AdminError(.invalid, "A ban lasts 1 to \(maximumBanSeconds) seconds.")
        }
        let reason = try request.optionalText("reason") ?? "an administrator asked for it"
        guard reason.utf8.count <= maximumReasonOctets else {
            throw AdminError(.invalid, "A reason has at most \(maximumReasonOctets) octets.")
        }
        try await context.requireDirectory().addBanRecord(request.text("subject"), seconds: seconds, reason: reason)
        return [:]
    },
    AdminRoute(.delete, "v1/auth/bans") { (request, context) throws(AdminError) in
        guard let subject = request["subject"] else {
            throw AdminError(.badRequest, "The parameter \"subject\" says whose ban it is.")
        }
        try await context.requireDirectory().removeBanRecord(subject)
        return [:]
    },
]

private let maximumReasonOctets = 1000
/// Ten years.
private let maximumBanSeconds: Int64 = 3650 * 86_400

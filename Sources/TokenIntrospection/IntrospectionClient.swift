// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Directory
package import Events
internal import Locking
internal import Runtime
package import Settings

/// Asks an authorization server about tokens (RFC 7662 §2), and remembers what it said.
///
/// May be called from any task; the waiting is done on threads of its own.
package final class IntrospectionClient: TokenAuthority {
    /// How many questions are asked at once; further ones wait.
    private static let threads = 8
    /// Bound on remembered answers.
    private static let maximumCount = 50_000

    private struct Known {
        let holder: String?
        let expiry: ContinuousClock.Instant
    }

    private let settings: LiveSettings
    private let events: EventRecorder
    private let pool = BlockingPool(name: "introspection", threads: threads)
    /// By digest of token and settings: the tokens themselves are kept nowhere.
    private let known = Lock<[[UInt8]: Known]>([:])

    package init(settings: LiveSettings, events: EventRecorder) {
        self.settings = settings
        self.events = events
    }

    package var isConfigured: Bool { !settings.current[TokenSettings.address].isEmpty }

    package func holder(of token: String) async -> TokenVerdict {
        let current = settings.current
        let key = Self.key(token, current)
        if let verdict = remembered(key) { return verdict }
        let answer: IntrospectionAnswer
        do throws(HTTPPost.Failure) {
            answer = try await ask(about: token, current)
        } catch {
            events.record(
                .introspectionFailed,
                ["oauth.url": .string(current[TokenSettings.address]), "oauth.reason": .string(error.reason)]
            )
            return .unavailable
        }
        remember(answer, key, for: current[TokenSettings.cacheLifetime])
        return answer.holder.map(TokenVerdict.holder) ?? .invalid
    }

    private func ask(
        about token: String,
        _ current: SettingsSnapshot
    ) async throws(HTTPPost.Failure) -> IntrospectionAnswer {
        let result = await pool.run {
            Result { () throws(HTTPPost.Failure) in
                let post = HTTPPost(
                    address: current[TokenSettings.address],
                    form: [("token", token), ("token_type_hint", "access_token")],
                    credentials: try Self.credentials(current),
                    authoritiesFile: current[TokenSettings.authoritiesFile],
                    timeout: current[TokenSettings.timeout],
                    maximumOctets: IntrospectionAnswer.maximumOctets
                )
                return try post.perform()
            }
        }
        let answer = try result.get()
        guard answer.status == 200 else { throw HTTPPost.Failure(reason: "HTTP status \(answer.status)") }
        guard
            let parsed = IntrospectionAnswer(
                answer.body,
                userClaim: current[TokenSettings.userClaim],
                scope: current[TokenSettings.requiredScope]
            )
        else { throw HTTPPost.Failure(reason: "the answer is not that of RFC 7662") }
        return parsed
    }

    private static func credentials(
        _ current: SettingsSnapshot
    ) throws(HTTPPost.Failure) -> (user: String, password: String)? {
        let user = current[TokenSettings.clientID]
        guard !user.isEmpty else { return nil }
        let file = current[TokenSettings.clientSecretFile]
        guard !file.isEmpty else { return (user, "") }
        guard let content = try? SmallFile.read(file, maximum: 4096) else {
            throw HTTPPost.Failure(reason: "oauth/client-secret-file cannot be read")
        }
        let line = content.prefix { $0 != 0x0A && $0 != 0x0D }
        return (user, String(decoding: line, as: UTF8.self))
    }

    // MARK: Memory

    private static func key(_ token: String, _ current: SettingsSnapshot) -> [UInt8] {
        let parts = [
            current[TokenSettings.address], current[TokenSettings.userClaim], current[TokenSettings.requiredScope],
            token,
        ]
        return Digest.sha256(Array(parts.joined(separator: "\0").utf8))
    }

    private func remembered(_ key: [UInt8], at now: ContinuousClock.Instant = .now) -> TokenVerdict? {
        guard let found = known.withLock({ $0[key] }), now < found.expiry else { return nil }
        return found.holder.map(TokenVerdict.holder) ?? .invalid
    }

    private func remember(_ answer: IntrospectionAnswer, _ key: [UInt8], for lifetime: Duration) {
        let now = ContinuousClock.now
        var rest = lifetime
        if let end = answer.expiry {
            let left = end.subtractingReportingOverflow(WallClock.seconds)
            rest = min(rest, left.overflow ? lifetime : .seconds(left.partialValue))
        }
        guard rest > .zero else { return }
        let entry = Known(holder: answer.holder, expiry: now + rest)
        known.withLock { known in
            if known.count >= Self.maximumCount { known = known.filter { now < $0.value.expiry } }
            if known.count >= Self.maximumCount { known.removeAll() }
            known[key] = entry
        }
    }
}

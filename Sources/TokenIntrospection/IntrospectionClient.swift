// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Directory
package import Events
internal import Locking
internal import Runtime
package import Settings

/// Asks an authorization server about tokens (RFC 7662 §2), and remembers what it said.
///
/// May be called from any task; the waiting is done on threads of its own. An answer is there, or refused, within twice
/// `oauth/timeout`, whatever the authorization server does.
package final class IntrospectionClient: TokenAuthority {
    /// How many questions are asked at once.
    private static let threads = 8
    /// How many more wait for a thread; above that, log-ons are put off at once.
    private static let maximumWaiting = 1000
    /// Between two events of failures.
    private static let reportInterval: Duration = .seconds(10)

    private struct Failures {
        var reported: ContinuousClock.Instant?
        var count = 0
    }

    private let settings: LiveSettings
    private let events: EventRecorder
    private let pool = BlockingPool(name: "introspection", threads: threads)
    private let known = KnownTokens()
    private let failures = Lock(Failures())

    package init(settings: LiveSettings, events: EventRecorder) {
        self.settings = settings
        self.events = events
    }

    package var isConfigured: Bool { !settings.current[TokenSettings.address].isEmpty }

    package func holder(of token: String) async -> TokenVerdict {
        let current = settings.current
        let key = Self.key(token, current)
        if let verdict = known.verdict(on: key) { return verdict }
        do throws(HTTPPost.Failure) {
            let answer = try await ask(about: token, current)
            known.keep(answer, on: key, for: current[TokenSettings.cacheLifetime])
            return answer.verdict
        } catch {
            report(error, current)
            return .unavailable
        }
    }

    private func ask(
        about token: String,
        _ current: SettingsSnapshot
    ) async throws(HTTPPost.Failure) -> IntrospectionAnswer {
        guard pool.waiting < Self.maximumWaiting else { throw .tooMany }
        let latest = ContinuousClock.now + current[TokenSettings.timeout]
        let result = await pool.run {
            Result { () throws(HTTPPost.Failure) -> HTTPPost.Answer in
                guard ContinuousClock.now < latest else { throw .tooMany }
                return try Self.post(token, current).perform()
            }
        }
        let answer = try result.get()
        guard answer.status == 200 else { throw HTTPPost.Failure(reason: "HTTP status \(answer.status)") }
        guard let parsed = IntrospectionAnswer(answer.body, IntrospectionRules(current)) else {
            throw HTTPPost.Failure(reason: "the answer is not that of RFC 7662")
        }
        return parsed
    }

    private static func post(_ token: String, _ current: SettingsSnapshot) throws(HTTPPost.Failure) -> HTTPPost {
        HTTPPost(
            address: current[TokenSettings.address],
            form: [("token", token), ("token_type_hint", "access_token")],
            credentials: try Self.credentials(current),
            authoritiesFile: current[TokenSettings.authoritiesFile],
            timeout: current[TokenSettings.timeout],
            maximumOctets: IntrospectionAnswer.maximumOctets
        )
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

    /// Of a token as these settings take it: the tokens themselves are kept nowhere.
    private static func key(_ token: String, _ current: SettingsSnapshot) -> [UInt8] {
        let parts = [
            current[TokenSettings.address], current[TokenSettings.userClaim], current[TokenSettings.requiredScope],
            current[TokenSettings.requiredAudience], token,
        ]
        return Digest.sha256(Array(parts.joined(separator: "\0").utf8))
    }

    /// One event for all that failed in a while: every log-on with a token fails while the authorization server is
    /// away.
    private func report(_ failure: HTTPPost.Failure, _ current: SettingsSnapshot) {
        let now = ContinuousClock.now
        let count = failures.withLock { failures -> Int? in
            failures.count += 1
            if let reported = failures.reported, now - reported < Self.reportInterval { return nil }
            defer { failures = Failures(reported: now) }
            return failures.count
        }
        guard let count else { return }
        events.record(
            .introspectionFailed,
            [
                "oauth.url": .string(current[TokenSettings.address]), "oauth.reason": .string(failure.reason),
                "oauth.failures": .count(count),
            ]
        )
    }
}

extension HTTPPost.Failure {
    fileprivate static let tooMany = HTTPPost.Failure(reason: "too many log-ons wait for it")
}

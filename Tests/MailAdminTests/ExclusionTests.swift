// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Locking
internal import Runtime
internal import Testing

@testable import MailAdmin

@Suite final class ExclusionTests: Sendable {
    private let loop = EventLoop(name: "exclusions")
    private let exclusions = Exclusions()
    private let released = Lock(false)
    private let ended = Lock(false)

    init() { loop.start() }
    deinit { loop.stop() }

    /// Begins an operation on `one`, which goes on until it is released.
    private func first() async {
        let begun = Lock(false)
        Task(executorPreference: loop) { [exclusions, released, ended, loop] in
            try await exclusions.alone("one", "The first") { () throws(AdminError) in
                begun.withLock { $0 = true }
                while !released.withLock({ $0 }) { try? await loop.sleep(for: .milliseconds(5)) }
                ended.withLock { $0 = true }
            }
        }
        while !begun.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(1)) }
    }

    private func release() { released.withLock { $0 = true } }

    /// Whether the first had ended when another on `subject` was done.
    private func second(_ subject: String, patience: Duration) async throws -> Bool {
        try await Task(executorPreference: loop) { [exclusions, ended] in
            try await exclusions.alone(subject, "The second", patience: patience) { () throws(AdminError) in
                ended.withLock { $0 }
            }
        }.value
    }

    @Test func `What is ending is waited for`() async throws {
        await first()
        async let answer = second("one", patience: .seconds(600))
        try await Task.sleep(for: .milliseconds(100))
        release()
        #expect(try await answer)
    }

    @Test func `What goes on is named in the refusal`() async throws {
        await first()
        let error = await #expect(throws: AdminError.self) { try await second("one", patience: .milliseconds(10)) }
        #expect(error?.message == "The first is under way; wait until it has ended, or end it.")
        release()
        #expect(try await second("one", patience: .seconds(600)))
    }

    @Test func `Another subject does not wait`() async throws {
        await first()
        #expect(try await second("two", patience: .seconds(600)) == false)
        release()
        #expect(try await second("one", patience: .seconds(600)))
    }
}

// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Events
internal import Glibc
internal import Settings
internal import Testing

@Suite struct RouterTests {
    private let folder = makeDataFolder()

    private func ask(
        _ router: AdminRouter,
        _ method: AdminRequest.Method,
        _ path: String,
        query: [AdminRequest.Parameter] = [],
        body: JSONValue? = nil
    ) async -> AdminResponse {
        await router.send(AdminRequest(method, path.split(separator: "/").map(String.init), query: query, body: body))
    }

    @Test func `Settings are set, shown, compared and gone back to`() async throws {
        let events = KeptEvents()
        let router = sampleRouter(folder: folder, events: events)
        let value = "v1/settings/values/imapsvc/1/ImapShareRetryAttempts"
        let set = await ask(router, .put, value, body: ["value": "5"])
        #expect(set.status == 200)
        #expect(set.body["setting"]?["path"] == "imap/1/share-retry-attempts")
        #expect(set.body["setting"]?["value"] == "5")
        #expect(set.body["setting"]?["origin"] == "instance")
        #expect(await ask(router, .get, value).body["classic"] == "ImapShareRetryAttempts : [IF] (DWORD) 0x5={5}")
        #expect(await ask(router, .put, value, body: ["value": "5000"]).status == 422)
        #expect(await ask(router, .put, value, body: ["value": 5]).status == 400)
        #expect(await ask(router, .put, value).status == 400)
        #expect(await ask(router, .get, "v1/settings/values/no/such").status == 404)
        #expect(await ask(router, .delete, value).body["setting"]?["value"] == "16")
        #expect(await ask(router, .get, "v1/settings/history").body.array?.count == 2)
        let difference = await ask(router, .get, "v1/settings/differences", query: [.init("from", "1")])
        #expect(difference.body.array?.first?["old"] == "5")
        #expect(await ask(router, .get, "v1/settings/differences", query: [.init("from", "x")]).status == 400)
        #expect(await ask(router, .post, "v1/settings/rollback", body: ["version": 1]).body["version"] == 3)
        #expect(await ask(router, .post, "v1/settings/rollback", body: ["version": 77]).status == 404)
        #expect(await ask(router, .get, "v1/settings", query: [.init("set", "yes")]).body.array?.count == 1)
        #expect(await ask(router, .get, "v1/settings/problems").body == [])
        #expect(events.numbers.filter { $0 == 9150 }.count == 3)
    }

    @Test func `Directory operations check what they are given`() async {
        let router = sampleRouter(folder: folder)
        #expect(await ask(router, .post, "v1/domains", body: ["name": "example.com"]).body["name"] == "example.com")
        #expect(await ask(router, .post, "v1/domains", body: ["name": "example.org"]).status == 409)
        #expect(await ask(router, .post, "v1/domains", body: ["name": "no domain"]).status == 422)
        #expect(await ask(router, .post, "v1/accounts", body: ["address": "nobody"]).status == 422)
        let account: JSONValue = ["address": "ann@example.org", "password": "x", "imap": false, "quota": 5]
        let added = await ask(router, .post, "v1/accounts", body: account)
        #expect(added.body["hasPassword"] == true)
        #expect(added.body["services"] == [])
        #expect(added.body["quota"] == 5)
        #expect(!String(decoding: added.body.encoded, as: UTF8.self).contains("\"password\""))
        let both: JSONValue = ["password": "x", "passwordHash": "y"]
        #expect(await ask(router, .put, "v1/accounts/ann@example.org/password", body: both).status == 400)
        #expect(await ask(router, .patch, "v1/accounts/ann@example.org", body: ["enabled": "no"]).status == 400)
        #expect(await ask(router, .patch, "v1/accounts/ann@example.org", body: ["quota": -1]).status == 400)
        let changed = await ask(router, .patch, "v1/accounts/ann@example.org", body: ["enabled": false])
        #expect(changed.body["enabled"] == false)
        #expect(await ask(router, .get, "v1/accounts/bob@example.org").status == 404)
        #expect(await ask(router, .post, "v1/aliases", body: ["address": "a@b.c", "targets": []]).status == 400)
        #expect(await ask(router, .post, "v1/aliases", body: ["address": "a@b.c", "targets": [1]]).status == 400)
    }

    @Test func `Services, with and without a server`() async {
        let router = sampleRouter(folder: folder)
        let list = await ask(router, .get, "v1/services").body
        for name in ["name", "role", "pid", "state", "restarts"] { #expect(list.array?.first?[name] != nil) }
        #expect(
            await ask(router, .get, "v1/services/backend").body.array?.first?["started"] == "1970-01-01T00:00:00.000Z"
        )
        #expect(await ask(router, .post, "v1/services/imap/stop").body.array?.first?["state"] == "stopped")
        #expect(await ask(router, .post, "v1/services/stop").body.array?.count == 1)
        #expect(list.array?.first?["mode"] == "16")
        let mode = await ask(router, .put, "v1/services/imap/mode", body: ["mode": "17"])
        #expect(mode.body.array?.first?["mode"] == "17")
        #expect(await ask(router, .put, "v1/services/imap/mode", body: ["mode": "some"]).status == 422)
        let missing = await ask(router, .get, "v1/services/imapp")
        #expect(missing.body["error"]?["message"]?.string?.contains("did you mean imap?") == true)
        #expect(await ask(sampleRouter(folder: folder, services: false), .get, "v1/services").status == 503)
    }

    @Test func `What is not there is said, and changes are events`() async {
        let events = KeptEvents()
        let router = sampleRouter(folder: folder, events: events)
        #expect(await ask(router, .get, "v1").status == 404)
        #expect(await ask(router, .get, "").status == 404)
        #expect(await ask(router, .get, "v2/settings").status == 404)
        #expect(await ask(router, .get, "v1/settings/values").status == 404)
        let refused = await ask(router, .put, "v1/services/imap")
        #expect(refused.status == 405)
        #expect(refused.body["error"]?["message"] == "This path takes GET, not PUT.")
        #expect(events.numbers == [])
        _ = await ask(router, .post, "v1/services/imap/restart")
        #expect(events.numbers == [9160])
    }

    @Test func `Events are found by their filters`() async {
        let router = sampleRouter(folder: folder)
        var options = EventLogOptions()
        options.usesJournal = false
        let log = EventLog(folder: folder + "/log", process: "t", options: options)
        EventRecorder(sink: log).record(.adminOperation)
        EventRecorder(sink: log).record(.adminOperationFailed)
        func ids(_ name: String, _ value: String) async -> [JSONValue?] {
            let query = [AdminRequest.Parameter(name, value)]
            return (await ask(router, .get, "v1/events", query: query).body.array ?? []).map { $0["id"] }
        }
        #expect(await ids("source", "admin.operation.done") == [9160])
        #expect(await ids("level", "error") == [9161])
        #expect(await ids("since", "1h") == [9160, 9161])
        #expect(await ids("last", "1") == [9161])
        for (name, value) in [("id", "x"), ("level", "x"), ("since", "x"), ("last", "0"), ("last", "99999999")] {
            #expect(await ask(router, .get, "v1/events", query: [.init(name, value)]).status == 400)
        }
        #expect(await ask(router, .get, "v1/events/catalogue").body.array?.count == adminAPIEvents.count)
    }

    @Test(arguments: AdminRouter.routes.map { "`\($0.method.rawValue) /\($0.pattern)`" })
    func `The reference has every operation`(operation: String) {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let fd = unsafe open(folder + "/docs/admin-api.md", O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(fd, &bytes, bytes.count)
        close(fd)
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).contains("| \(operation) |"))
    }

    @Test func `The catalogue and the settings may ship`() {
        #expect(EventCatalogue(adminAPIEvents + eventLogEvents).lint == [])
        #expect(sampleTree.lint == [])
    }
}

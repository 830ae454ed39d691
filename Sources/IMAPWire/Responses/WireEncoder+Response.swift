// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension WireEncoder {
    /// The response with its line end.
    package mutating func response(_ response: Response) {
        switch response {
        case .tagged(let tag, let status):
            raw(tag)
            space()
            self.status(status)
        case .continuation(let octets):
            raw("+ ")
            raw(octets)
        default:
            raw("* ")
            untagged(response)
        }
        lineEnd()
    }

    private mutating func untagged(_ response: Response) {
        switch response {
        case .tagged, .continuation: break
        case .untagged(let status): self.status(status)
        case .capability(let capabilities): named("CAPABILITY", capabilities)
        case .enabled(let capabilities): named("ENABLED", capabilities)
        case .flags(let flags):
            raw("FLAGS ")
            list(flags) { encoder, flag in encoder.raw(flag.utf8) }
        case .exists(let count): counted(count, " EXISTS")
        case .recent(let count): counted(count, " RECENT")
        case .expunge(let number): counted(number.rawValue, " EXPUNGE")
        case .list(let row): listing("LIST ", row)
        case .lsub(let row): listing("LSUB ", row)
        case .status(let mailbox, let values): statusCounts(mailbox, values)
        case .search(let numbers, let modSeq): found("SEARCH", numbers, modSeq)
        case .sort(let numbers, let modSeq): found("SORT", numbers, modSeq)
        case .thread(let forest):
            raw(forest.roots.isEmpty ? "THREAD" : "THREAD ")
            threads(forest)
        case .esearch(let response): esearch(response)
        case .vanished(let uids, let isEarlier):
            raw(isEarlier ? "VANISHED (EARLIER) " : "VANISHED ")
            raw(uids.description.utf8)
        case .quota(let root, let resources): quota(root, resources)
        case .quotaRoot(let mailbox, let roots):
            raw("QUOTAROOT ")
            self.mailbox(mailbox)
            for root in roots {
                space()
                astring(root.utf8)
            }
        case .metadata(let mailbox, let entries):
            raw("METADATA ")
            self.mailbox(mailbox)
            space()
            entryValues(entries)
        case .metadataChanged(let mailbox, let entries):
            raw("METADATA ")
            self.mailbox(mailbox)
            for entry in entries {
                space()
                astring(entry.utf8)
            }
        case .namespace(let others): namespaces(others)
        case .acl(let mailbox, let entries): acl(mailbox, entries)
        case .listRights(let listing): rightsListing(listing)
        case .myRights(let mailbox, let rights): myRights(mailbox, rights)
        case .id(let parameters):
            raw("ID ")
            idParameters(parameters)
        case .fetch(let number, let values):
            counted(number.rawValue, " FETCH ")
            list(values) { encoder, value in encoder.fetchValue(value) }
        case .uidFetch(let uid, let values):
            counted(uid.rawValue, " UIDFETCH ")
            list(values) { encoder, value in encoder.fetchValue(value) }
        }
    }

    private mutating func status(_ status: StatusResponse) {
        raw(status.condition.rawValue.utf8)
        space()
        if let code = status.code {
            responseCode(code)
            space()
        }
        text(status.text)
    }

    // namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace    RFC 9051 §9
    private mutating func namespaces(_ others: String?) {
        raw("NAMESPACE ((\"\" \"/\")) ")
        guard let others else { return raw("NIL NIL") }
        raw("((")
        string(mailboxOctets(others))
        raw(" \"/\")) NIL")
    }

    private mutating func named(_ name: StaticString, _ words: [String]) {
        raw(name)
        self.words(words)
    }

    private mutating func counted(_ count: UInt32, _ name: StaticString) {
        number(count)
        raw(name)
    }

    private mutating func found(_ name: StaticString, _ numbers: [UInt32], _ modSeq: ModSeq?) {
        raw(name)
        for number in numbers { counted(number) }
        guard let modSeq, !numbers.isEmpty else { return }
        raw(" (MODSEQ ")
        number(modSeq.rawValue)
        raw(")")
    }

    private mutating func counted(_ number: UInt32) {
        space()
        self.number(number)
    }

    private mutating func listing(_ name: StaticString, _ row: MailboxListing) {
        raw(name)
        list(row.attributes) { encoder, attribute in encoder.raw(attribute.utf8) }
        space()
        nstring(row.delimiter.map { [$0] })
        space()
        row.name.isEmpty ? raw("\"\"") : mailbox(row.name)
        guard !row.childInfo.isEmpty || row.oldName != nil else { return }
        raw(" (")
        if !row.childInfo.isEmpty {
            raw("\"CHILDINFO\" ")
            list(row.childInfo) { encoder, option in encoder.string(Array(option.utf8)) }
        }
        if let oldName = row.oldName {
            raw(row.childInfo.isEmpty ? "\"OLDNAME\" (" : " \"OLDNAME\" (")
            mailbox(oldName)
            raw(")")
        }
        raw(")")
    }

    private mutating func statusCounts(_ mailbox: String, _ values: [StatusValue]) {
        raw("STATUS ")
        self.mailbox(mailbox)
        space()
        list(values) { encoder, value in
            encoder.raw(value.item.rawValue.utf8)
            encoder.space()
            switch value.value {
            case .number(let number): encoder.number(number)
            case .objectID(let id):
                encoder.raw("(")
                encoder.raw(id.utf8)
                encoder.raw(")")
            }
        }
    }

    private mutating func quota(_ root: String, _ resources: [QuotaResource]) {
        raw("QUOTA ")
        astring(root.utf8)
        raw(" (")
        for (index, resource) in resources.enumerated() {
            if index > 0 { space() }
            raw(resource.name.utf8)
            space()
            number(resource.usage)
            space()
            number(resource.limit)
        }
        raw(")")
    }
}

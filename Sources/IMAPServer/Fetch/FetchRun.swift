// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import Runtime

/// One FETCH command at work: answers message after message, with memory that does not grow with them.
struct FetchRun {
    let session: IMAPSession
    let items: [FetchItem]
    /// Whether the messages are answered from the last on, as under a limit (RFC 9738 §3.1).
    private let isDescending: Bool
    /// Messages that were left out since octets of them are lost.
    private(set) var refused = UIDSet()
    /// Messages that were left out since they are expunged and cannot be read any more.
    private(set) var gone = UIDSet()
    /// Messages that were left out since a part of them cannot be decoded.
    private(set) var undecodable = UIDSet()
    var encoder: WireEncoder
    private var unseen: [UID] = []
    var lost: [Range<UInt64>] = []
    private let needsStore: Bool
    /// Whether structures are needed anyway: else an envelope is written as it lies in the store.
    private let needsStructure: Bool
    private let setsSeen: Bool
    private var ahead = EnvelopesAhead()
    /// Of the message that is answered, where it was read with others'.
    private var envelope: SummaryEnvelope?

    /// Octets of one message that are held in memory; what is larger is sent as it is read.
    static let heldOctets: UInt64 = 1 << 20
    /// Most of a header that fields are picked from.
    static let headerOctets: UInt64 = 4 << 20
    private static let markedAtOnce = 1000
    /// Messages of which nothing is read and that are answered at a time.
    private static let answeredAtOnce = 1000
    /// Octets that are gathered before they are sent.
    private static let sentOctets = 32_768

    init(_ session: IMAPSession, items: [FetchItem], isDescending: Bool = false) {
        self.session = session
        self.items = items
        self.isDescending = isDescending
        encoder = WireEncoder(textForm: session.enabled.textForm)
        needsStore = items.contains(where: \.needsStore)
        needsStructure = items.contains(where: \.needsStructure)
        // RFC 4314 §4: without the right `s`, what is read stays unseen.
        setsSeen =
            items.contains(where: \.setsSeen) && session.view?.isReadOnly == false
            && session.view?.rights.contains(.keepSeen) == true
    }

    mutating func answer(_ indices: [Range<Int>]) async throws {
        do {
            var count = 0
            let total = indices.reduce(0) { $0 + $1.count }
            for range in isDescending ? indices.reversed() : indices {
                var left = range
                while !left.isEmpty {
                    let begun = left.count
                    if needsStore { try await answerNext(of: &left) } else { try await writeSimple(&left) }
                    count += begun - left.count
                    try await session.tellProgress(count, of: total)
                }
            }
            try await sendEncoded()
            try await markSeen()
        } catch {
            try await sendEncoded()
            throw error
        }
    }

    /// Takes the index of the message that is answered next, out of some that are not empty.
    private func next(of left: inout Range<Int>) -> Int { isDescending ? left.removeLast() : left.removeFirst() }

    /// Answers one message, with which the others that are left are asked for.
    private mutating func answerNext(of left: inout Range<Int>) async throws {
        let index = next(of: &left)
        guard let entry = session.view?.message(at: index) else { return }
        let readsAhead = !isDescending && !needsStructure && items.contains(.envelope)
        envelope = readsAhead ? await ahead.envelope(at: index, before: left.upperBound, in: session) : nil
        try await answer(index, entry)
    }

    private mutating func answer(_ index: Int, _ entry: MessageEntry) async throws {
        let contents: [FetchContent]
        do throws(MailStoreError) {
            lost = []
            contents = try await self.contents(of: entry)
        } catch {
            switch error.code {
            case .damaged:
                refused.insert(entry.uid)
                report(entry, "left out")
            case .noSuchMessage: gone.insert(entry.uid)
            default: throw error
            }
            return
        }
        let canDecode = contents.allSatisfy { content in if case .undecodable = content { false } else { true } }
        guard canDecode else { return undecodable.insert(entry.uid) }
        try await write(index, entry, contents)
        try await tellOfDamage(entry)
        if setsSeen, !entry.systemFlags.contains(.seen) { try await noteUnseen(entry.uid) }
    }

    /// Answers messages of which nothing is to be read, as many as go out at once, and takes them out of `left`.
    private mutating func writeSimple(_ left: inout Range<Int>) async throws {
        guard let view = session.view else {
            left = left.upperBound..<left.upperBound
            return
        }
        let end = max(0, left.count - Self.answeredAtOnce)
        while left.count > end, encoder.bytes.count <= Self.sentOctets {
            let index = next(of: &left)
            if let entry = view.message(at: index) { writeSimple(index, entry, view.keywords) }
        }
        if encoder.bytes.count > Self.sentOctets { try await sendEncoded() }
    }

    private mutating func writeSimple(_ index: Int, _ entry: MessageEntry, _ keywords: [Keyword]) {
        encoder.fetchHead(SequenceNumber(UInt32(clamping: index + 1)), entry.uid, session.enabled)
        for (place, item) in items.enumerated() {
            if place > 0 { encoder.space() }
            write(item, entry, keywords)
        }
        encoder.raw(")")
        encoder.lineEnd()
    }

    private mutating func write(_ index: Int, _ entry: MessageEntry, _ contents: [FetchContent]) async throws {
        encoder.fetchHead(SequenceNumber(UInt32(clamping: index + 1)), entry.uid, session.enabled)
        var isPartlySent = false
        for (place, (item, content)) in zip(items, contents).enumerated() {
            if place > 0 { encoder.space() }
            switch content {
            case .none: write(item, entry, session.view?.keywords ?? [])
            case .structure(let structure): write(item, structure)
            case .envelope(let envelope):
                name(item)
                encoder.space()
                encoder.envelope(envelope)
            case .absent:
                name(item)
                encoder.raw(" NIL")
            case .octets(let octets):
                if case .preview = item {
                    encoder.fetchValue(.preview(octets))
                    continue
                }
                name(item)
                encoder.space()
                item.isBinary ? encoder.binaryLiteral(octets) : encoder.literal(octets)
            case .range(let range):
                isPartlySent = true
                try await stream(item, entry, range)
            case .decodedCount(let count):
                name(item)
                encoder.space()
                encoder.number(count)
            case .decoded(let range):
                isPartlySent = true
                try await stream(item, entry, range)
            case .undecodable: break
            }
        }
        encoder.raw(")")
        encoder.lineEnd()
        // The rest goes out with it: what the session tells by itself comes between responses, never into one.
        if isPartlySent || encoder.bytes.count > Self.sentOctets { try await sendEncoded() }
    }

    mutating func sendEncoded() async throws {
        guard !encoder.bytes.isEmpty else { return }
        let bytes = encoder.bytes
        encoder.bytes = []
        // Who has filled one has more to say.
        if bytes.count > Self.sentOctets { encoder.bytes.reserveCapacity(bytes.count + Self.sentOctets / 8) }
        try await session.connection.send(bytes)
    }
}

// What the items of a message need.
extension FetchRun {
    private mutating func contents(of entry: MessageEntry) async throws(MailStoreError) -> [FetchContent] {
        var contents: [FetchContent] = []
        contents.reserveCapacity(items.count)
        var held: UInt64 = 0
        for item in items {
            let content = try await content(of: item, entry, held: held)
            if case .octets(let octets) = content { held += UInt64(octets.count) }
            contents.append(content)
        }
        return contents
    }

    private mutating func content(
        of item: FetchItem,
        _ entry: MessageEntry,
        held: UInt64
    ) async throws(MailStoreError) -> FetchContent {
        switch item {
        case .emailID, .flags, .internalDate, .modSeq, .rfc822Size, .saveDate, .threadID, .uid: return .none
        case .binary(let part, _, let partial): return try await binary(part, partial, entry, held)
        case .binarySize(let part): return try await binarySize(part, entry)
        case .preview: return .octets(try await preview(of: entry))
        case .envelope where !needsStructure:
            if let envelope { return .envelope(envelope) }
            return .envelope(try await session.envelope(of: entry))
        case .body, .bodyStructure, .envelope: return .structure(try await session.structure(of: entry))
        case .rfc822: return try await octets(0..<entry.size, entry, held)
        case .rfc822Header: return try await section(SectionSpecifier(text: .header), nil, entry, held)
        case .rfc822Text: return try await section(SectionSpecifier(text: .text), nil, entry, held)
        case .section(let section, _, let partial): return try await self.section(section, partial, entry, held)
        }
    }

    private mutating func preview(of entry: MessageEntry) async throws(MailStoreError) -> [UInt8] {
        guard let mailbox = session.view?.id, let account = session.view?.account else { return [] }
        let key = PreviewTable.Key(account.id, mailbox, entry.uid)
        if let known = session.previews.preview(of: key) { return known }
        let made = try await session.cachedStructure(of: entry, in: mailbox, of: account)
        guard let part = made.structure.previewPart else { return [] }
        let length = min(UInt64(PreviewText.bodyOctets), part.octets)
        let lossesBefore = lost.count
        let body = try await read(part.body.lowerBound..<part.body.lowerBound + length, entry)
        let preview = Array(PreviewText.text(of: part, body: body).utf8)
        // What was made of a header that was filled is of another text, or none, than when the header is back.
        if lost.count == lossesBefore, !made.isOfDamaged { session.previews.keep(preview, of: key) }
        return preview
    }

    private mutating func section(
        _ section: SectionSpecifier,
        _ partial: Partial?,
        _ entry: MessageEntry,
        _ held: UInt64
    ) async throws(MailStoreError) -> FetchContent {
        var range: Range<UInt64>? = 0..<entry.size
        if section != SectionSpecifier() {
            range = try await session.structure(of: entry).range(of: section.messageSection)
        }
        guard let range else { return .absent }
        switch section.text {
        case .headerFields(let names): return try await fields(names, except: false, range, partial, entry)
        case .headerFieldsNot(let names): return try await fields(names, except: true, range, partial, entry)
        case .all, .header, .text, .mime: return try await octets(partial?.cut(range) ?? range, entry, held)
        }
    }

    private mutating func fields(
        _ names: [[UInt8]],
        except: Bool,
        _ range: Range<UInt64>,
        _ partial: Partial?,
        _ entry: MessageEntry
    ) async throws(MailStoreError) -> FetchContent {
        let end = range.lowerBound + min(range.upperBound - range.lowerBound, Self.headerOctets)
        let header = try await read(range.lowerBound..<end, entry)
        let chosen = HeaderFields(header).subset(names, except: except)
        guard let partial else { return .octets(chosen) }
        let cut = partial.cut(0..<UInt64(chosen.count))
        return .octets(Array(chosen[Int(cut.lowerBound)..<Int(cut.upperBound)]))
    }

    mutating func octets(
        _ range: Range<UInt64>,
        _ entry: MessageEntry,
        _ held: UInt64
    ) async throws(MailStoreError) -> FetchContent {
        let range = range.clamped(to: 0..<entry.size)
        let length = range.upperBound - range.lowerBound
        guard length <= Self.heldOctets, held <= Self.heldOctets - length else { return .range(range) }
        return .octets(try await read(range, entry))
    }

    mutating func read(_ range: Range<UInt64>, _ entry: MessageEntry) async throws(MailStoreError) -> [UInt8] {
        let octets = try await session.octets(of: entry, range)
        lost += octets.damaged
        return octets.bytes
    }
}

// Writing items.
extension FetchRun {
    private mutating func write(_ item: FetchItem, _ entry: MessageEntry, _ keywords: [Keyword]) {
        switch item {
        case .emailID: encoder.fetchValue(.emailID(entry.email.description))
        case .threadID: encoder.fetchValue(.threadID(entry.thread.description))
        case .flags: encoder.flags(entry, keywords: keywords)
        case .modSeq: encoder.fetchValue(.modSeq(entry.modSeq))
        case .internalDate: encoder.fetchValue(.internalDate(entry.internalDate))
        case .rfc822Size: encoder.fetchValue(.size(entry.size))
        case .saveDate: encoder.fetchValue(.saveDate(MailDate(secondsSince1970: entry.savedSeconds)))
        case .uid:
            encoder.raw("UID ")
            encoder.number(entry.uid.rawValue)
        case .binary, .binarySize, .body, .bodyStructure, .envelope, .preview, .rfc822, .rfc822Header, .rfc822Text,
            .section:
            break
        }
    }

    private mutating func write(_ item: FetchItem, _ structure: MessageStructure) {
        name(item)
        encoder.space()
        if item == .envelope {
            encoder.envelope(structure.envelope)
        } else {
            encoder.bodyStructure(structure.root, isExtensible: item == .bodyStructure)
        }
    }

    mutating func name(_ item: FetchItem) {
        switch item {
        case .binary(let part, _, let partial): encoder.binaryName(part, origin: partial?.offset)
        case .binarySize(let part): encoder.binarySizeName(part)
        case .preview: encoder.raw("PREVIEW")
        case .body: encoder.raw("BODY")
        case .bodyStructure: encoder.raw("BODYSTRUCTURE")
        case .envelope: encoder.raw("ENVELOPE")
        case .rfc822: encoder.raw("RFC822")
        case .rfc822Header: encoder.raw("RFC822.HEADER")
        case .rfc822Text: encoder.raw("RFC822.TEXT")
        case .section(let section, _, let partial): encoder.sectionName(section, origin: partial?.offset)
        case .emailID, .flags, .internalDate, .modSeq, .rfc822Size, .saveDate, .threadID, .uid: break
        }
    }

    /// Sends octets as they are read.
    ///
    /// Their count is told first, so a loss in the middle is filled, whatever the policy.
    private mutating func stream(_ item: FetchItem, _ entry: MessageEntry, _ range: Range<UInt64>) async throws {
        name(item)
        encoder.space()
        let count = range.upperBound - range.lowerBound
        item.isBinary ? encoder.literal8Header(count: count) : encoder.literalHeader(count: count)
        try await sendEncoded()
        var start = range.lowerBound
        while start < range.upperBound {
            let end = start + min(IMAPSession.pieceOctets, range.upperBound - start)
            let piece = try await filled(entry, start..<end)
            lost += piece.damaged
            try await session.connection.send(piece.bytes)
            await session.giveWay()
            start = end
        }
    }

    mutating func filled(_ entry: MessageEntry, _ range: Range<UInt64>) async throws -> MessageOctets {
        do throws(MailStoreError) {
            return try await session.piece(of: entry, range)
        } catch {
            let filler = Filler.octets(Int(clamping: range.upperBound - range.lowerBound))
            switch error.code {
            case .damaged:
                refused.insert(entry.uid)
                return MessageOctets(bytes: filler, damaged: [range])
            case .noSuchMessage:
                gone.insert(entry.uid)
                return MessageOctets(bytes: filler)
            default:
                // The client must not take half a message for a whole one.
                session.events.record(.imapCommandFailed, ["imap.detail": .string("\(error.message): \(error.detail)")])
                throw IOError.closed
            }
        }
    }
}

// What follows an answer.
extension FetchRun {
    private mutating func tellOfDamage(_ entry: MessageEntry) async throws {
        guard !lost.isEmpty else { return }
        let count = lost.reduce(0 as UInt64) { $0 + ($1.upperBound - $1.lowerBound) }
        let text = "UID \(entry.uid): \(count) octets are lost and filled"
        encoder.response(.untagged(StatusResponse(.ok, .word(.corruption), text)))
        report(entry, "filled")
        lost = []
    }

    private func report(_ entry: MessageEntry, _ what: String) {
        session.events.record(
            .imapMessageDamaged,
            [
                "imap.mailbox": .string(session.view?.name.text ?? ""), "imap.uid": .count(entry.uid.rawValue),
                "imap.answer": .string(what),
            ]
        )
    }

    private mutating func noteUnseen(_ uid: UID) async throws {
        unseen.append(uid)
        if unseen.count >= Self.markedAtOnce { try await markSeen() }
    }

    /// Sets \Seen on what was read.
    ///
    /// That the store cannot is no reason to fail what was answered.
    private mutating func markSeen() async throws {
        guard !unseen.isEmpty, let mailbox = session.view?.id, let account = session.view?.account else { return }
        let uids = UIDSet(ascending: unseen.sorted())
        unseen = []
        let outcome: FlagOutcome
        do throws(MailStoreError) {
            let change = FlagChange(.add, FlagSet(system: .seen))
            outcome = try await account.changeFlags(change, of: uids, in: mailbox, unchangedSince: nil)
        } catch {
            return session.send(.untagged(StatusResponse(.no, .word(FailureReply.code(of: error.code)), error.message)))
        }
        try await sendEncoded()
        try await session.tell(outcome, withUID: true, where: { $0 != $1 })
    }
}

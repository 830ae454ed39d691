// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The format of messages: RFC 5322 headers, MIME (RFC 2045–2049, 2231, 2183), and what IMAP wants to know of both.
//
// Invariants
//
// - Total. Any bytes give an answer: nothing traps, loops or throws. Depth, parts, header octets, addresses, parameters
//   are bounded (`MessageLimits`); beyond the bounds a part is an opaque leaf, noted in `StructureFaults`.
// - One pass, linear in the message's size, and near the speed of memchr over bodies. Only header values are copied.
// - Consistent. `MessageStructure` is what BODYSTRUCTURE says *and* what `range(of:)` resolves BODY[...] with, so the
//   two cannot disagree: a multipart that cannot be taken apart is a text/plain leaf for both, and so on.
// - Nothing is transcoded for output. Values are octets of the header: unfolded, unquoted, otherwise as sent. Decoding
//   (`EncodedWord`, `Charset`, `PartTextDecoder`, `PreviewText`) serves search, sorting and previews only, and so does
//   comparing (`UnicodeCasemap`).
//
// For FETCH, by item
//
//     ENVELOPE                 structure.envelope. date, subject, inReplyTo, messageID are nstrings: `nil` is NIL, empty
//                              is "". `from`, `effectiveSender`, `effectiveReplyTo`, `to`, `cc`, `bcc` are NIL when
//                              empty, else lists of `EnvelopeAddress`: four nstrings in the order of the RFC.
//     BODYSTRUCTURE, BODY      structure.root, by `content`:
//       .multipart(parts)      the parts without space, mediaType.subtype; extension: mediaType.parameters,
//                              disposition, languages, location
//       .leaf, .message        mediaType.type, subtype, parameters (NIL when empty), contentID, description,
//                              encodingText (never NIL), octets; for .message the envelope, the embedded root, lines;
//                              for a leaf with mediaType.matches("text") lines; extension: md5, disposition,
//                              languages, location
//     BODY[section], BINARY    structure.range(of: MessageSection(path, .content/.header/.text/.mime)): a byte range of
//                              the stored message, `nil` when there is no such part
//     BODY[HEADER.FIELDS ...]  the range of .header, read; then HeaderFields(bytes).subset(names), with `except: true`
//                              for HEADER.FIELDS.NOT
//     RFC822.SIZE              structure.size
//     PREVIEW                  structure.previewPart; read PreviewText.bodyOctets of its body at most; then
//                              PreviewText.text(of:body:)
//
// For SEARCH
//
//     SENTBEFORE, SENTON ...   envelope.sentDate
//     SUBJECT, FROM, HEADER,   MessageSearch(terms, in: structure), fed with the octets that it names as `wanted` until
//     BODY, TEXT ...           there are none: all terms of a command in one pass. A whole search with its booleans is a
//                              TextSearch
//
// Values may hold any octet but CR, LF and NUL, 8-bit text included: the encoder chooses quoted string or literal.

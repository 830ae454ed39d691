// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes

/// Commands on the session itself.
let sessionCommands: [(String, any IMAPCommand)] =
    [
        ("a CAPABILITY", CapabilityCommand()),
        ("a.1 noop", NoopCommand()),
        ("a LOGOUT", LogoutCommand()),
        ("a STARTTLS", StartTLSCommand()),
        ("a IDLE", IdleCommand()),
        ("a CHECK", CheckCommand()),
        ("a COMPRESS deflate", CompressCommand("DEFLATE")),
        ("a unauthenticate", UnauthenticateCommand()),
        ("a NAMESPACE", NamespaceCommand()),
        ("a ID NIL", IDCommand()),
        (
            "a ID (\"name\" \"x\" \"os\" NIL)",
            IDCommand([IDParameter("name", "x"), IDParameter(name: Array("os".utf8), value: nil)])
        ),
        ("a AUTHENTICATE PLAIN", AuthenticateCommand(mechanism: Array("PLAIN".utf8))),
        (
            "a authenticate plain =",
            AuthenticateCommand(mechanism: Array("plain".utf8), initialResponse: Array("=".utf8))
        ),
        ("a LOGIN alice secret", LoginCommand(user: Array("alice".utf8), password: Array("secret".utf8))),
        (
            "a LOGIN \"al\\\"ice\" {6}\r\nsecret",
            LoginCommand(user: Array("al\"ice".utf8), password: Array("secret".utf8))
        ),
        (
            "a LOGIN {5+}\r\nalice \"pässword\"",
            LoginCommand(user: Array("alice".utf8), password: Array("pässword".utf8))
        ),
        ("a ENABLE condstore QRESYNC", EnableCommand(["CONDSTORE", "QRESYNC"])),
    ]

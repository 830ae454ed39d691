// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Every event that a part of the server may record.
package struct EventCatalogue: Sendable {
    /// By number.
    package let definitions: [EventDefinition]

    package init(_ definitions: [EventDefinition]) {
        self.definitions = definitions.sorted { ($0.number, $0.name) < ($1.number, $1.name) }
    }

    package subscript(number: UInt16) -> EventDefinition? { definitions.first { $0.number == number } }

    /// Everything wrong with the definitions: a number or name used twice, a name that is not dotted lower case, no
    /// text, no cause, no action.
    ///
    /// Empty for a catalogue that may ship.
    package var lint: [String] {
        var faults: [String] = []
        var numbers: Set<UInt16> = []
        var names: Set<String> = []
        for definition in definitions {
            let label = "\(definition.number) \(definition.name)"
            if !numbers.insert(definition.number).inserted { faults.append("\(label): the number is taken") }
            if !names.insert(definition.name).inserted { faults.append("\(label): the name is taken") }
            if definition.number == 0 { faults.append("\(label): 0 is no number") }
            if !Self.isName(definition.name) { faults.append("\(label): the name is not dotted lower case") }
            for (part, text) in [
                ("text", definition.text), ("cause", definition.cause), ("action", definition.action),
            ] where text.isEmpty {
                faults.append("\(label): no \(part)")
            }
        }
        return faults
    }

    /// `docs/events.md`: every event with its text, cause and action.
    package var markdown: String {
        var text = """
            # Events

            Made by `martlet events catalogue --markdown` from the definitions in the code; do not edit it by hand.
            Numbers and names never change their meaning. Numbers below 9000 are those of the classic systems.

            | Number | Name | Type | Text |
            |---|---|---|---|

            """
        for definition in definitions {
            text += "| [\(definition.number)](#\(definition.number)) | `\(definition.name)` | "
            text += "\(definition.type.rawValue) | \(definition.text) |\n"
        }
        for definition in definitions {
            text += """

                ## \(definition.number)

                `\(definition.name)`, \(definition.type.rawValue). \(definition.text)

                - Cause: \(definition.cause)
                - Action: \(definition.action)

                """
        }
        return text
    }

    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count >= 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { ASCII.isDigit($0) || (0x61...0x7A).contains($0) || $0 == 0x2D }
            }
    }
}

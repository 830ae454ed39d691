// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events

extension Command {
    static func eventsCatalogue(_ catalogue: EventCatalogue) -> Command {
        let markdown = Option("--markdown", help: "The reference of all events, as in docs/events.md")
        return Command(
            "catalogue",
            summary: "List every event there can be",
            options: [markdown, .json],
            action: .perform { (invocation) throws(CommandError) in
                if invocation.has(markdown) {
                    invocation.terminal.write(catalogue.markdown)
                    return
                }
                invocation.show(
                    .array(catalogue.definitions.map(eventDescription)),
                    columns: [
                        ("ID", { $0.shown("id") }), ("NAME", { $0.shown("name") }), ("TYPE", { $0.shown("type") }),
                        ("TEXT", { $0.shown("text") }),
                    ]
                )
            }
        )
    }
}

func eventDescription(_ definition: EventDefinition) -> JSONValue {
    [
        "id": .integer(Int64(definition.number)), "name": .string(definition.name),
        "type": .string(definition.type.rawValue), "text": .string(definition.text),
        "cause": .string(definition.cause), "action": .string(definition.action),
    ]
}

// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import BackEndRole
internal import Directory
package import Events
internal import IMAPServer
internal import JournalStore
internal import MailProxy
internal import MailQueue
internal import MailStore
internal import MilterClient
internal import POP3Server
internal import Resolver
internal import Routing
internal import SMTPServer
internal import ServiceControl
package import Settings
internal import TokenIntrospection
internal import TransportRole

// What the parts of the program declare, brought together: every setting and every event there is. A part that
// declares settings or events is named here, and nowhere else.

/// Every setting of the program.
package let settingsTree = SettingsTree(
    serviceControlSettings + adminAPISettings + directorySettings + tokenIntrospectionSettings + smtpServerSettings
        + smtpClientSettings + localDeliverySettings + outboundTimeoutSettings + outboundContentSettings
        + digestSettings
        + queueSettings
        + imapServerSettings + pop3ServerSettings + mailProxySettings + backEndRoleSettings + mailStoreSettings
        + journalStoreSettings + resolverSettings + routingSettings + milterSettings
        + pickupSettings
)

/// Every event of the program.
package let eventCatalogue = EventCatalogue(
    serviceControlEvents + eventLogEvents + adminAPIEvents + directoryEvents + tokenIntrospectionEvents
        + smtpServerEvents + localDeliveryEvents
        + queueEvents
        + imapServerEvents + pop3ServerEvents + mailProxyEvents + backEndRoleEvents + mailStoreEvents
        + journalStoreEvents + resolverEvents + routingEvents + milterEvents
        + pickupEvents
)

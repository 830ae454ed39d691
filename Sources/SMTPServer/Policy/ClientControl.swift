// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What the listeners of one process know together about their clients.
package struct ClientControl: Sendable {
    package let rates: RateLimiter
    /// Without one, no lists are asked.
    package let lists: (any AddressListSource)?
    package let listHealth = AddressListHealth()
    /// Without one, nobody is put off.
    package let greylist: Greylist?
    /// Without one, clients have no names.
    package let names: (any ClientNameSource)?

    package init(
        rates: RateLimiter = RateLimiter(),
        lists: (any AddressListSource)? = nil,
        greylist: Greylist? = nil,
        names: (any ClientNameSource)? = nil
    ) {
        self.rates = rates
        self.lists = lists
        self.greylist = greylist
        self.names = names
    }
}

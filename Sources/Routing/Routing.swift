// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// Where mail for other servers goes: connectors, and the choice between them.
//
// Invariants:
// - A decision is a function of the settings and the question, nothing else: what `route explain` says is what happens.
// - Restrictions are looked at before the choice, so that no message is refused on the way (Q160534).
// - A connector that is switched off keeps its mail waiting. It is never bounced for that, nor sent another way.
// - No value here holds a secret; passwords are in files of their own (`CredentialVault`).

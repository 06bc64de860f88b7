#include "scenario/keywords.h"

#include <stdint.h>
#include <string.h>

#include "base/bug.h"
#include "base/lookup.h"
#include "base/str.h"
#include "server/server.h"

static const char *const dnssec_words[] = { "sign", NULL };
static const char *const families[] = { "ipv4", "ipv6", NULL };
static const char *const connections[] = { "refused", "timeout", NULL };
/* The verdicts that a case that was run can get (`skipped` is none). */
static const char *const verdicts[] = { "delivered", "rewritten", "misdelivered",
	"rejected", "deferred", "bounced", "unknown", NULL };
static const char *const dispositions[] = { "deliver", "defer", "bounce", NULL };

static const struct keyword scenario_keys[] = {
	{ .name = "scenario",
		.type = VALUE_ID,
		.required = true,
		.help = "the scenario's id; the file is called scenarios/ID.conf",
		.example = "cname-with-mx" },
	{ .name = "title",
		.type = VALUE_TEXT,
		.fallback = "the id",
		.help = "one sentence that a mail administrator understands",
		.example = "A CNAME beside an MX leaves mail to chance" },
	{ .name = "group",
		.type = VALUE_ID,
		.fallback = "other",
		.help = "the chapter of the report it stands in: layouts, cache-order, "
			"wishes, edges, or one of your own",
		.example = "layouts" },
	{ .name = "source",
		.type = VALUE_TEXT,
		.many = true,
		.fallback = "nothing is named",
		.help = "what it rests on: an RFC section, a program's source, a "
			"report",
		.example = "[RFC 1034 3.6.2, \"Postfix 3.12 smtp_addr.c\"]" },
	{ .name = "layout",
		.type = VALUE_MAP,
		.block = BLOCK_LAYOUT,
		.help = "makes the scenario a row of the scorecard of layouts" },
	{ .name = "clients",
		.type = VALUE_CLIENTS,
		.many = true,
		.fallback = "\"*\"",
		.help = "the mail clients it is run with",
		.example = "[exim-*, postfix]" },
	{ .name = "resolvers",
		.type = VALUE_RESOLVERS,
		.many = true,
		.fallback = "\"*\"",
		.help = "the resolvers it is run with",
		.example = "[ideal, unbound-*]" },
	{ .name = "sender",
		.type = VALUE_MAILBOX,
		.fallback = "sender@sender.example.net",
		.help = "the envelope sender; one that is written here is not of the "
			"client's own domain",
		.example = "list@sender.example.net" },
	{ .name = "self",
		.type = VALUE_MAP,
		.block = BLOCK_SELF,
		.help = "the names and addresses that the clients take for their own "
			"host" },
	{ .name = "search",
		.type = VALUE_NAME,
		.many = true,
		.fallback = "none",
		.help = "the search list of the clients' resolv.conf",
		.example = "[sender.example.net]" },
	{ .name = "families",
		.type = VALUE_WORD,
		.words = families,
		.many = true,
		.fallback = "[ipv4, ipv6]",
		.help = "the address families that the clients' host has",
		.example = "[ipv4]" },
	{ .name = "servers",
		.type = VALUE_MAP,
		.block = BLOCK_SERVER,
		.many = true,
		.required = true,
		.help = "the name servers; a root that delegates to them is made" },
	{ .name = "hosts",
		.type = VALUE_MAP,
		.block = BLOCK_HOST,
		.many = true,
		.help = "the mail hosts and web hosts" },
	{ .name = "before",
		.type = VALUE_BEFORE,
		.many = true,
		.help = "what the resolver was asked before the mail came: fills its "
			"cache",
		.example = "[A customer.mywebservice.com, wait 3s]" },
	{ .name = "addresses",
		.type = VALUE_MAP,
		.block = BLOCK_ADDRESS,
		.many = true,
		.required = true,
		.help = "the addresses that mail is sent to" },
	{ .name = "steps",
		.type = VALUE_MAP,
		.block = BLOCK_STEP,
		.many = true,
		.help = "what happens later, in order of time" },
	{ .name = "profiles",
		.type = VALUE_TABLE,
		.help = "mail clients of your own: NAME: { inherits: CLIENT, FIELD: "
			"VALUE, ... }; "
			"`harness explain profile-format` lists the fields. A file may "
			"hold "
			"profiles alone",
		.example = "{ my-relay: { inherits: postfix, rewrite: none } }" },
};

static const struct keyword layout_keys[] = {
	{ .name = "row",
		.type = VALUE_TEXT,
		.required = true,
		.help = "name of the row, 30 columns at most",
		.example = "CNAME + MX, patched server" },
	{ .name = "customer",
		.type = VALUE_NAME,
		.required = true,
		.help = "the name that the customer was promised",
		.example = "customer.mywebservice.com" },
	{ .name = "needs",
		.type = VALUE_TEXT,
		.help = "what must exist for this layout, in a few words",
		.example = "a patched name server" },
};

static const struct keyword self_keys[] = {
	{ .name = "names",
		.type = VALUE_NAME,
		.many = true,
		.fallback = "[mx.sender.example.net]",
		.help = "replaces the default list",
		.example = "[mx.customer.example.net]" },
	{ .name = "addresses",
		.type = VALUE_IP,
		.many = true,
		.fallback = "[203.0.113.10]",
		.help = "replaces the default list",
		.example = "[192.0.2.25]" },
};

static const struct keyword server_keys[] = {
	{ .name = "name",
		.type = VALUE_TEXT,
		.fallback = "the name of its first zone",
		.help = "to speak of it in `steps`; needed when two servers have one "
			"zone",
		.example = "ns1" },
	{ .name = "at",
		.type = VALUE_IP,
		.many = true,
		.fallback = "what the zone says of its own NS, else made up from "
			    "198.18.0.0/15",
		.help = "the addresses it answers at",
		.example = "[192.0.2.53]" },
	{ .name = "zone",
		.type = VALUE_NAME,
		.help = "the one zone it has, with `data` or `file` beside it",
		.example = "mywebservice.com" },
	{ .name = "data",
		.type = VALUE_ZONE_TEXT,
		.help = "the zone: master-file text (RFC 1035 5.1) in a block after |; "
			"ALIAS "
			"records are understood",
		.example = "|" },
	{ .name = "file",
		.type = VALUE_TEXT,
		.help = "instead of data: a master file, relative to this file",
		.example = "../fixtures/zones/offsite.net.zone" },
	{ .name = "mode",
		.type = VALUE_MODE,
		.fallback = "strict",
		.help = "how it treats data beside a CNAME (the modes stand below)",
		.example = "exact-type" },
	{ .name = "dnssec",
		.type = VALUE_WORD,
		.words = dnssec_words,
		.fallback = "the zone is served as it is written",
		.help = "signs it (RFC 4035; ECDSA P-256, NSEC) and puts its DS into "
			"the zone above, if that is signed and has no DS for it; the "
			"root that is made is signed then, too",
		.example = "sign" },
	{ .name = "key",
		.type = VALUE_KEY,
		.fallback = "nobody may",
		.help = "who may change the zone by UPDATE (RFC 2136) while `harness "
			"serve` serves it: who signs with this key (TSIG, RFC 8945), "
			"written as for nsupdate -y",
		.example = "hmac-sha256:customer:c2VjcmV0" },
	{ .name = "zones",
		.type = VALUE_MAP,
		.block = BLOCK_ZONE,
		.many = true,
		.help = "instead of zone: several zones" },
	{ .name = "quirks",
		.type = VALUE_MAP,
		.block = BLOCK_QUIRK,
		.many = true,
		.help = "how it misbehaves; the first that matches a query acts" },
};

static const struct keyword zone_keys[] = {
	{ .name = "zone",
		.type = VALUE_NAME,
		.required = true,
		.help = "its name",
		.example = "offsite.net" },
	{ .name = "data",
		.type = VALUE_ZONE_TEXT,
		.help = "as at the server",
		.example = "|" },
	{ .name = "file",
		.type = VALUE_TEXT,
		.help = "as at the server",
		.example = "../fixtures/zones/offsite.net.zone" },
	{ .name = "mode",
		.type = VALUE_MODE,
		.fallback = "the server's",
		.help = "for this zone alone",
		.example = "cname-wins" },
	{ .name = "dnssec",
		.type = VALUE_WORD,
		.words = dnssec_words,
		.fallback = "the server's",
		.help = "as at the server",
		.example = "sign" },
	{ .name = "key",
		.type = VALUE_KEY,
		.fallback = "the server's",
		.help = "as at the server, for this zone alone",
		.example = "hmac-sha256:customer:c2VjcmV0" },
};

static const struct keyword quirk_keys[] = {
	{ .name = "quirk",
		.type = VALUE_QUIRK,
		.required = true,
		.help = "which (they stand below)",
		.example = "servfail" },
	{ .name = "name",
		.type = VALUE_NAME,
		.fallback = "any",
		.help = "acts on questions for this name; \"*.x\" is everything below "
			"x",
		.example = "mail.mywebservice.com" },
	{ .name = "type",
		.type = VALUE_TYPE,
		.fallback = "any",
		.help = "acts on questions for this type",
		.example = "AAAA" },
	{ .name = "after",
		.type = VALUE_COUNT,
		.fallback = "0",
		.help = "leaves so many of them alone first",
		.example = "1" },
	{ .name = "count",
		.type = VALUE_COUNT,
		.fallback = "0, without end",
		.help = "acts so often",
		.example = "2" },
	{ .name = "udp-only",
		.type = VALUE_BOOL,
		.fallback = "false",
		.help = "leaves TCP alone",
		.example = "true" },
	{ .name = "value",
		.type = VALUE_TEXT,
		.help = "what some quirks need: a duration, records, octets",
		.example = "500ms" },
};

static const struct keyword host_keys[] = {
	{ .name = "name",
		.type = VALUE_NAME,
		.required = true,
		.help = "its host name",
		.example = "mail.mywebservice.com" },
	{ .name = "at",
		.type = VALUE_IP,
		.many = true,
		.fallback = "the A and AAAA records that the name has in the zones at "
			    "that time",
		.help = "its addresses",
		.example = "[192.0.2.26]" },
	{ .name = "smtp",
		.type = VALUE_MAP,
		.block = BLOCK_SMTP,
		.fallback = "port 25 refuses connections",
		.help = "it takes mail; {} takes every recipient",
		.example = "{ accepts: [customer.mywebservice.com] }" },
	{ .name = "http",
		.type = VALUE_MAP,
		.block = BLOCK_HTTP,
		.fallback = "port 80 refuses connections",
		.help = "it has web pages; {} serves every name",
		.example = "{ serves: [customer.mywebservice.com] }" },
};

static const struct keyword smtp_keys[] = {
	{ .name = "accepts",
		.type = VALUE_NAME,
		.many = true,
		.fallback = "any",
		.help = "domains whose recipients it takes; others get 550 5.7.1",
		.example = "[customer.mywebservice.com]" },
	{ .name = "recipients",
		.type = VALUE_MAILBOX,
		.many = true,
		.fallback = "any",
		.help = "the only recipients it knows; others get 550 5.1.1",
		.example = "[user@customer.mywebservice.com]" },
	{ .name = "connection",
		.type = VALUE_WORD,
		.words = connections,
		.help = "how a connection to port 25 fails",
		.example = "timeout" },
	{ .name = "greeting",
		.type = VALUE_CODE,
		.fallback = "220",
		.help = "the reply code it greets with",
		.example = "421" },
	{ .name = "rcpt",
		.type = VALUE_CODE,
		.fallback = "by the lists",
		.help = "its reply code to every recipient",
		.example = "450" },
};

static const struct keyword http_keys[] = {
	{ .name = "serves",
		.type = VALUE_NAME,
		.many = true,
		.fallback = "any",
		.help = "host names it has pages for",
		.example = "[customer.mywebservice.com]" },
	{ .name = "redirect",
		.type = VALUE_NAME,
		.help = "answers 301 to this host name",
		.example = "web.customer.mywebservice.com" },
};

static const struct keyword address_keys[] = {
	{ .name = "address",
		.type = VALUE_MAILBOX,
		.required = true,
		.help = "the recipient",
		.example = "user@customer.mywebservice.com" },
	{ .name = "intended",
		.type = VALUE_NAME,
		.many = true,
		.fallback = "nobody should get it",
		.help = "the hosts (of `hosts`) that should get the mail",
		.example = "mail.mywebservice.com" },
	{ .name = "visit",
		.type = VALUE_NAME,
		.fallback = "the address's domain, when a `web` is given",
		.help = "where the web visitor starts",
		.example = "customer.mywebservice.com" },
	{ .name = "web",
		.type = VALUE_WEB,
		.help = "where the visitor should end: a host of `hosts`, an address, "
			"or "
			"nowhere",
		.example = "shop.offsite.net" },
	{ .name = "expect",
		.type = VALUE_MAP,
		.block = BLOCK_EXPECT,
		.many = true,
		.required = true,
		.help = "what should happen, for whom" },
};

static const struct keyword expect_keys[] = {
	{ .name = "clients",
		.type = VALUE_CLIENTS,
		.many = true,
		.fallback = "\"*\"",
		.help = "the clients it speaks of",
		.example = "[exim-*, postfix]" },
	{ .name = "resolvers",
		.type = VALUE_RESOLVERS,
		.many = true,
		.fallback = "\"*\"",
		.help = "the resolvers it speaks of",
		.example = "ideal" },
	{ .name = "verdict",
		.type = VALUE_WORD,
		.words = verdicts,
		.many = true,
		.help = "what became of the message; any of a list will do",
		.example = "[deferred, bounced]" },
	{ .name = "disposition",
		.type = VALUE_WORD,
		.words = dispositions,
		.help = "what the DNS part came to",
		.example = "defer" },
	{ .name = "host",
		.type = VALUE_NAME,
		.help = "the host (of `hosts`) that took the message",
		.example = "mail.mywebservice.com" },
	{ .name = "rcpt",
		.type = VALUE_MAILBOX,
		.help = "the recipient it took it for",
		.example = "user@shop.offsite.net" },
	{ .name = "mail_from",
		.type = VALUE_MAILBOX,
		.help = "the sender it was told",
		.example = "sender@sender.example.net" },
	{ .name = "status",
		.type = VALUE_STATUS,
		.help = "the enhanced status code (RFC 3463), with wildcards",
		.example = "\"4.*\"" },
	{ .name = "route",
		.type = VALUE_TEXT,
		.many = true,
		.help = "the hosts that the DNS part yields, in order; [] is none",
		.example = "[mail.mywebservice.com]" },
	{ .name = "queries",
		.type = VALUE_QUESTION,
		.many = true,
		.help = "what the client asks its resolver, in order",
		.example = "[MX customer.mywebservice.com, A mail.mywebservice.com]" },
	{ .name = "web",
		.type = VALUE_WEB,
		.help = "as at the address, for these only",
		.example = "198.51.100.7" },
	{ .name = "known",
		.type = VALUE_TEXT,
		.help = "a defect that is known: why the row is not met today",
		.example = "\"fixed in 4.98\"" },
	{ .name = "expect",
		.type = VALUE_KNOWN,
		.help = "`expect: known` is `known` without a reason",
		.example = "known" },
};

static const struct keyword step_keys[] = {
	{ .name = "at",
		.type = VALUE_DURATION,
		.required = true,
		.help = "the time since the start",
		.example = "10m" },
	{ .name = "title",
		.type = VALUE_TEXT,
		.help = "what happens, for the report",
		.example = "the off-site host moves" },
	{ .name = "change",
		.type = VALUE_MAP,
		.block = BLOCK_CHANGE,
		.many = true,
		.help = "what is different from now on" },
	{ .name = "before",
		.type = VALUE_BEFORE,
		.many = true,
		.help = "what the resolver is asked after the change, before the mail",
		.example = "[A customer.mywebservice.com]" },
	{ .name = "expect",
		.type = VALUE_MAP,
		.block = BLOCK_EXPECT,
		.many = true,
		.help = "for every address; mail is sent again if a row speaks of it" },
};

static const struct keyword change_keys[] = {
	{ .name = "zone",
		.type = VALUE_NAME,
		.help = "the zone that changes, by set, add or delete",
		.example = "offsite.net" },
	{ .name = "set",
		.type = VALUE_ZONE_TEXT,
		.help = "records; each replaces all of its name and type",
		.example = "\"shop 60 A 198.51.100.7\"" },
	{ .name = "add",
		.type = VALUE_ZONE_TEXT,
		.help = "records that come in addition",
		.example = "\"shop 60 A 198.51.100.8\"" },
	{ .name = "delete",
		.type = VALUE_ZONE_TEXT,
		.help = "lines of NAME TYPE, or NAME for all its records",
		.example = "\"shop A\"" },
	{ .name = "server",
		.type = VALUE_TEXT,
		.help = "or the server that changes, by down or quirks",
		.example = "ns1" },
	{ .name = "down",
		.type = VALUE_BOOL,
		.help = "true: it no longer answers; false: it does again",
		.example = "true" },
	{ .name = "quirks",
		.type = VALUE_MAP,
		.block = BLOCK_QUIRK,
		.many = true,
		.help = "replaces its quirks; [] is none" },
	{ .name = "host",
		.type = VALUE_NAME,
		.help = "or the host that changes, by smtp or http",
		.example = "mail.mywebservice.com" },
	{ .name = "smtp",
		.type = VALUE_MAP,
		.block = BLOCK_SMTP,
		.help = "replaces its smtp",
		.example = "{ connection: refused }" },
	{ .name = "http",
		.type = VALUE_MAP,
		.block = BLOCK_HTTP,
		.help = "replaces its http",
		.example = "{}" },
};

static const struct keyword mix_keys[] = {
	{ .name = "source",
		.type = VALUE_TEXT,
		.help = "where the shares come from",
		.example = "MX survey 2026-01" },
	{ .name = "clients",
		.type = VALUE_TABLE,
		.help = "shares of traffic; what matches a glob divides its share",
		.example = "{ postfix: 40, \"exim-*\": 25, \"*\": 1 }" },
	{ .name = "resolvers",
		.type = VALUE_TABLE,
		.help = "the same for resolvers",
		.example = "{ \"unbound-*\": 3, \"bind-*\": 2 }" },
};

#define KEYS(k) .keys = (k), .n = ARRAY_LEN(k)

static const struct block blocks[BLOCKS] = {
	[BLOCK_SCENARIO] = { "scenario", "At the top", NULL, KEYS(scenario_keys) },
	[BLOCK_LAYOUT] = { "layout", "layout", NULL, KEYS(layout_keys) },
	[BLOCK_SELF] = { "self", "self", NULL, KEYS(self_keys) },
	[BLOCK_SERVER] = { "server", "An entry of servers", NULL, KEYS(server_keys) },
	[BLOCK_ZONE] = { "zone", "An entry of zones", NULL, KEYS(zone_keys) },
	[BLOCK_QUIRK] = { "quirk", "An entry of quirks", NULL, KEYS(quirk_keys) },
	[BLOCK_HOST] = { "host", "An entry of hosts", NULL, KEYS(host_keys) },
	[BLOCK_SMTP] = { "smtp", "smtp", NULL, KEYS(smtp_keys) },
	[BLOCK_HTTP] = { "http", "http", NULL, KEYS(http_keys) },
	[BLOCK_ADDRESS] = { "address", "An entry of addresses", NULL,
		KEYS(address_keys) },
	[BLOCK_EXPECT] = { "expect", "A row of expect",
		"Every key but clients, resolvers and known is compared; what a row "
		"does not "
		"say is not judged. The last row that matches client and resolver and "
		"says "
		"anything about the mail decides about the mail, the last that has web "
		"about "
		"the web. A case that no row covers is an error.",
		KEYS(expect_keys) },
	[BLOCK_STEP] = { "step", "An entry of steps", NULL, KEYS(step_keys) },
	[BLOCK_CHANGE] = { "change", "An entry of change",
		"Speaks of a zone, a server or a host.", KEYS(change_keys) },
	[BLOCK_MIX] = { "mix", "A file of shares (--mix)",
		"Not part of a scenario: how common each client and resolver is.",
		KEYS(mix_keys) },
};

const struct block *keywords_block(enum block_id id)
{
	return &blocks[id];
}

const struct keyword *keywords_find(enum block_id id, const char *name)
{
	return lookup_row(blocks[id].keys, blocks[id].n, sizeof(struct keyword), name);
}

const char *value_type_name(enum value_type type)
{
	switch (type) {
	case VALUE_TEXT:
		return "text";
	case VALUE_ID:
		return "a word of a-z, 0-9 and -";
	case VALUE_WORD:
		return "a word";
	case VALUE_BOOL:
		return "true or false";
	case VALUE_COUNT:
		return "a whole number";
	case VALUE_CODE:
		return "an SMTP reply code";
	case VALUE_DURATION:
		return "a duration";
	case VALUE_NAME:
		return "a domain name";
	case VALUE_IP:
		return "an IP address";
	case VALUE_MAILBOX:
		return "a mail address";
	case VALUE_TYPE:
		return "a record type";
	case VALUE_MODE:
		return "a server mode";
	case VALUE_QUIRK:
		return "a quirk";
	case VALUE_CLIENTS:
		return "a client";
	case VALUE_RESOLVERS:
		return "a resolver";
	case VALUE_STATUS:
		return "a status code";
	case VALUE_QUESTION:
		return "TYPE NAME";
	case VALUE_BEFORE:
		return "TYPE NAME or wait DURATION";
	case VALUE_WEB:
		return "a host name, an IP address or nowhere";
	case VALUE_ZONE_TEXT:
		return "records";
	case VALUE_KEY:
		return "a key, [hmac:]name:secret";
	case VALUE_MAP:
		return "a map";
	case VALUE_TABLE:
		return "a map";
	case VALUE_KNOWN:
		return "the word known";
	}
	bug("value type %d", (int)type);
}

/* ---- the page ---- */

#define PAGE_WIDTH 96
#define KEY_INDENT 2
#define HELP_INDENT 15

static const char intro[] =
	"A scenario is a small DNS world in one file: name servers with zones, hosts "
	"that take\n"
	"mail or serve web pages, the mail addresses to try, and what is expected of "
	"them.\n"
	"\n"
	"The file is YAML; zones are master-file text. Indent with spaces. A list may "
	"be written\n"
	"[a, b], or one entry a line after \"- \"; a list of one needs no brackets. A "
	"word that\n"
	"begins with * & ! @ ` % or has \": \" or \" #\" in it needs quotes. Several "
	"scenarios in\n"
	"one file are separated by a line ---. Names may end in a dot or not. Globs (* "
	"? [ab])\n"
	"speak of clients and resolvers; `harness list profiles` and `harness list "
	"resolvers`\n"
	"print the names.\n"
	"\n"
	"A whole one:\n"
	"\n"
	"  scenario: cname-to-mx\n"
	"  title: The target of the CNAME says where the mail goes\n"
	"  group: layouts\n"
	"  source: RFC 5321 5.1\n"
	"  servers:\n"
	"    - zone: mywebservice.com\n"
	"      at: 192.0.2.53\n"
	"      data: |\n"
	"        $TTL 300\n"
	"        @        SOA ns1 hostmaster 1 3600 600 86400 60\n"
	"        @        NS  ns1\n"
	"        ns1      A   192.0.2.53\n"
	"        customer CNAME shop\n"
	"        shop     MX  10 mail\n"
	"        mail     A   192.0.2.25\n"
	"  hosts:\n"
	"    - name: mail.mywebservice.com\n"
	"      smtp: { accepts: [customer.mywebservice.com] }\n"
	"  addresses:\n"
	"    - address: user@customer.mywebservice.com\n"
	"      intended: mail.mywebservice.com\n"
	"      expect:\n"
	"        - { clients: \"*\", verdict: delivered }\n"
	"        - { clients: sendmail, verdict: [rejected, bounced] }\n"
	"\n"
	"Below stands each key: what it says, (what its value is), and an example.\n";

/* Text in lines of PAGE_WIDTH, each but the first indented; col is where it begins. */
static void put_wrapped(struct str *s, const char *text, size_t col, size_t indent)
{
	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (col > indent && col + 1 + n > PAGE_WIDTH) {
			str_printf(s, "\n%*s", (int)indent, "");
			col = indent;
		} else if (col > indent) {
			str_putc(s, ' ');
			col++;
		}
		str_put(s, text, n);
		col += n;
		text += n + (text[n] == ' ');
	}
	str_putc(s, '\n');
}

static void put_value(struct str *s, const struct keyword *k)
{
	str_putc(s, '(');
	if (k->type == VALUE_MAP)
		str_printf(s, "%s, see %s",
			k->many ? "a map or a list of maps" : "a map",
			blocks[k->block].name);
	else if (k->words != NULL)
		for (size_t i = 0; k->words[i] != NULL; i++)
			str_printf(s, "%s%s", i == 0 ? "" : " | ", k->words[i]);
	else
		str_puts(s, value_type_name(k->type));
	if (k->many && k->type != VALUE_MAP)
		str_puts(s, ", or a list");
	if (k->required)
		str_puts(s, "; needed");
	if (k->fallback != NULL)
		str_printf(s, "; if left out: %s", k->fallback);
	str_putc(s, ')');
}

static void put_key(struct str *s, const struct keyword *k)
{
	struct str value = STR_INIT;
	size_t start = s->len;

	str_printf(s, "%*s%s", KEY_INDENT, "", k->name);
	str_pad(s, start, HELP_INDENT);
	put_wrapped(s, k->help, HELP_INDENT, HELP_INDENT);
	put_value(&value, k);
	str_printf(s, "%*s", HELP_INDENT, "");
	put_wrapped(s, value.data, HELP_INDENT, HELP_INDENT);
	if (k->example != NULL && strcmp(k->example, "|") != 0)
		str_printf(s, "%*s%s: %s\n", HELP_INDENT, "", k->name, k->example);
	str_clear(&value);
}

static void put_block(struct str *s, const struct block *b)
{
	str_printf(s, "\n%s\n", b->title);
	if (b->help != NULL) {
		str_printf(s, "%*s", KEY_INDENT, "");
		put_wrapped(s, b->help, KEY_INDENT, KEY_INDENT);
	}
	for (size_t i = 0; i < b->n; i++)
		put_key(s, &b->keys[i]);
}

static void put_row(struct str *s, const char *name, const char *help)
{
	size_t start = s->len;

	str_printf(s, "%*s%s ", KEY_INDENT, "", name);
	str_pad(s, start, 22);
	put_wrapped(s, help, 22, 22);
}

void keywords_explain(struct str *s)
{
	str_puts(s, intro);
	for (int i = 0; i < BLOCKS; i++)
		put_block(s, &blocks[i]);
	str_puts(s, "\nThe modes of a server\n");
	for (size_t i = 0; i < server_modes_n; i++)
		put_row(s, server_modes[i].name, server_modes[i].help);
	str_puts(s, "\nThe quirks of a server\n");
	for (size_t i = 0; i < quirk_rows_n; i++)
		put_row(s, quirk_rows[i].name, quirk_rows[i].help);
}

#!/bin/sh
# How a package root is made (lab/root.h): sh root.sh SUITE PACKAGES NPM BEFORE, run in the
# work folder NAME.tmp, in which are
#
#   sources     the package sources, deb822
#   recipe      what goes to /lab/recipe
#   driver.sh   a driver whose `prepare` is to be run; may be missing
#
# The root is left in the folder `root` beside them. Debian itself is kept in DIR as
# base-SUITE.tar with its package lists: with it the next root takes a third of the time.
set -eu
umask 022
suite=$1 packages=$2 npm=$3 before=$4
base=base-$suite.tar
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# Ends when this shell does, however that came about.
debstrap() {
	setpriv --pdeathsig TERM mmdebstrap "--mode=$mode" "$@" <sources
}

# Proxies, certificates and the like that this machine's apt needs; what indexes a desktop
# wants besides is its own business.
apt_options() {
	apt-config dump | sed -n -e '/^Acquire::IndexTargets/d' -e '/^Acquire::Languages/d' \
		-e '/Auto-Detect/d' -e '/^Acquire::/p'
	echo 'Acquire::Languages "none";'
	echo 'APT::Install-Recommends "false";'
}

# A day old is old: mirrors drop what a security update replaces.
base_is_good() {
	[ -n "$(find "../$base" -mtime -1 2>/dev/null)" ] && cmp -s sources "../$base.sources"
}

# What is made here is thrown away after a crash: no need to wait for the disk.
make_base() {
	apt_options >apt-options
	debstrap --variant=apt --format=tar --aptopt=apt-options \
		--dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--skip=cleanup/apt/lists,output/dev "$suite" base.tar -
	cp sources "../$base.sources"
	mv base.tar "../$base"
}

# Its own home and cache, but the settings of the user, who may need a proxy.
get_npm() {
	settings=${npm_config_userconfig:-$HOME/.npmrc}
	# shellcheck disable=SC2046 # words are wanted
	HOME=$PWD/home npm_config_cache=$PWD/home npm_config_userconfig=$settings \
		npm install --prefix npm --ignore-scripts --no-audit --no-fund \
		--no-package-lock --omit=optional \
		${before:+--before="$before"} $(echo "$npm" | tr , ' ')
	for package in $(echo "$npm" | tr , ' '); do
		name=${package%@*}
		version=$(node -p 'require(process.argv[1]).version' \
			"$PWD/npm/node_modules/$name/package.json")
		echo "$name $version" >>versions
	done
}

# Maintainer scripts start nothing: mmdebstrap puts a policy-rc.d in their way. Some want
# a fully qualified name for the host. Lists that are out of date are fetched once more.
make_root() {
	# $1 is the root, to the shells that run these.
	# shellcheck disable=SC2016
	set -- --setup-hook="tar-in ../$base /" \
		--setup-hook='host=$(hostname); host=${host%%.*}; mkdir -p "$1/lab" "$1/dev"
			echo "127.0.0.1 localhost" >"$1/etc/hosts"
			echo "127.0.1.1 $host.example.net $host" >>"$1/etc/hosts"' \
		--setup-hook='upload recipe /lab/recipe' \
		--setup-hook='upload versions /lab/versions' \
		--chrooted-customize-hook="get='apt-get -q -y install $(echo "$packages" | tr , ' ')'
			"'$get || { apt-get -q update && $get; }'
	[ -z "$npm" ] || set -- "$@" --customize-hook='copy-in npm /opt'
	if [ -e driver.sh ]; then
		set -- "$@" --customize-hook='upload driver.sh /lab/driver.sh' \
			--chrooted-customize-hook='. /lab/driver.sh
				! command -v prepare >/dev/null || prepare || {
					echo "E: prepare() of the driver failed" >&2
					exit 1
				}'
	fi
	# What is this machine's, its name and name servers, does not stay.
	# shellcheck disable=SC2016
	debstrap --variant=custom "$@" --chrooted-customize-hook='
			dpkg-query -W -f "\${Package} \${Version}\n" >>/lab/versions
			rm -f /etc/resolv.conf /etc/hostname
			echo lab >/etc/hostname
			: >/etc/resolv.conf' \
		--skip="$skip" "--format=$format" "$suite" "$target" -
}

# All files belong to who calls this, whose own user namespace has one user.
unpack() {
	mkdir -p root/dev
	tar --no-same-owner -C root -xf "$target"
	rm "$target"
}

if [ "$(id -u)" = 0 ]; then
	mode=root format=directory target=root skip=update
else
	mode=auto format=tar target=root.tar skip=update,output/dev
fi
(
	flock 9
	base_is_good || make_base
) 9>"../$base.lock"
: >versions
[ -z "$npm" ] || get_npm
make_root
[ "$format" = directory ] || unpack

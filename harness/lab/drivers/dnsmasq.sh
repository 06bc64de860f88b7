#!/bin/sh
# dnsmasq: see lab/program.h for what these functions are.

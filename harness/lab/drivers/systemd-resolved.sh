#!/bin/sh
# systemd-resolved: see lab/program.h for what these functions are.

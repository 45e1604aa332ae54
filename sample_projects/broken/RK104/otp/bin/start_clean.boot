not a boot file

made by make_script
